#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/exchange/envelope.hpp"
#include "gateway/exchange/outgoing_message.hpp"
#include "hl7v2/message.hpp"

namespace causeway::exchange {

/// What another system can be asked about a patient of ours.
enum class QueryKind : std::uint8_t {
    pix,      ///< which identifiers it has: IHE ITI-9, QBP^Q23, answered by RSP^K23
    pdq,      ///< who it knows of these demographics: IHE ITI-21, QBP^Q22, answered by RSP^K22
    history,  ///< immunizations: CDC Z34, QBP^Q11, answered by RSP^K11 Z32 (or Z31, Z33: several, none)
    forecast  ///< immunizations, evaluated, with a forecast: CDC Z44, answered by RSP^K11 Z42
};
std::optional<QueryKind> query_kind(std::string_view text) noexcept;

/// The question for a partner, with what the maps say of the Patient. For pix the identifier is the first one of an
/// assigning authority that the partner is configured with, else the first.
MadeMessage make_query(const mappings::MapSet& maps, const Partner& partner, QueryKind kind,
                       const fhir::DocumentPtr& patient, const MessageParties& parties);

/// Answers of another patient index. Those who it finds by demographics are candidates for a person to look at: nothing is
/// made of them. The identifiers it has for a patient of ours become the patient's where the partner is trusted with that
/// (Partner::cross_references).
struct IndexAnswer {
    std::size_t patients = 0, identifiers = 0;
    /// To be mapped in place of the answer: its PID with the identifier that was asked about. Null: it is only kept.
    std::unique_ptr<const hl7v2::Message> cross_reference;
};
/// nullopt if the message is no such answer. `question` is the message of ours that it answers; empty: none is known.
std::optional<IndexAnswer> read_index_answer(const Envelope& envelope, std::string_view question);

}  // namespace causeway::exchange

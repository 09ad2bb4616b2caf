#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/exchange/partner.hpp"
#include "gateway/storage/queues.hpp"
#include "hl7v2/acknowledgement_mode.hpp"
#include "hl7v2/message.hpp"

namespace causeway::exchange {

/// What stops a message before anything is made of it, as its answer will say.
struct Refusal {
    hl7v2::AckCode code = hl7v2::AckCode::ar;
    hl7v2::ErrorCode error = hl7v2::ErrorCode::internal_error;
    std::string segment;  ///< ERR-2; empty if it has no place
    hl7v2::Position position = {};
    std::string text;  ///< for people, without clinical content
};

/// A message with all that is known of it from its header: who sent it, what it is, how it wants to be answered.
///
/// Owns the bytes as received (`raw`) and the message in UTF-8. Made once per message, before the store is asked
/// anything.
struct Envelope {
    std::string raw;
    std::unique_ptr<const hl7v2::Message> message;  ///< null if the bytes are no message
    std::string script;                             ///< "NewRx": `raw` is SCRIPT, `message` its twin; else empty
    std::string application, facility;              ///< MSH-3.1, MSH-4.1
    std::string type, event, control_id, version, processing_id;
    hl7v2::AckRequest asks;            ///< MSH-15 and MSH-16
    storage::ContentHash hash{};       ///< SHA-256 of the decoded content without MSH-7
    const Partner* partner = nullptr;  ///< null: nobody we know
    std::size_t undecodable = 0;       ///< bytes that their character set does not have
    std::optional<Refusal> refusal;

    bool enhanced() const noexcept { return asks.enhanced(); }
    /// "ORU^R01" or "SCRIPT NewRx", for rows, metrics and lists; "?" if it is unknown.
    std::string kind() const;
    /// An acknowledgement that came in by itself: it is never acknowledged.
    bool is_acknowledgement() const;
};

/// Reads the header. Never fails: what is wrong stands in `refusal`. `settings` must outlive the envelope.
Envelope open_envelope(std::string bytes, const ExchangeSettings& settings);

}  // namespace causeway::exchange

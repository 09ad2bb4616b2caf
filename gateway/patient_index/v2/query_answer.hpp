#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gateway/exchange/identity_desk.hpp"
#include "gateway/patient_index/authorities.hpp"
#include "gateway/storage/storage.hpp"
#include "hl7v2/builder.hpp"

namespace causeway::patient_index::v2 {

/// One RSP under construction: MSH, MSA, ERR, QAK, QPD as the query wants them, then what the query adds.
class QueryResponse {
public:
    QueryResponse(const exchange::Envelope& envelope, const exchange::ReplyContext& context, std::string_view type,
                  std::string_view structure);

    /// The systems of the domains that a field of QPD asks for (QPD-4 of PIX, QPD-8 of PDQ): empty = all.
    std::vector<std::string> asked_domains(std::uint16_t field, const Authorities& authorities);
    /// An answer AE with one error at QPD.
    void fail(hl7v2::ErrorCode code, hl7v2::Position position, std::string_view text);
    bool failed() const noexcept { return failed_; }

    /// OK or NF, with the number of hits where the query has one (QAK-4 to 6).
    exchange::QueryAnswer finish(bool found);
    hl7v2::MessageBuilder& body() noexcept { return body_; }
    void set_hits(std::size_t total, std::size_t here) {
        total_ = total;
        here_ = here;
        counted_ = true;
    }

private:
    const exchange::Envelope& envelope_;
    const exchange::ReplyContext& context_;
    std::string type_, structure_;
    hl7v2::MessageBuilder body_;  ///< segments after QPD; its first is a header that is not sent
    std::vector<hl7v2::ErrEntry> errors_;
    std::vector<std::string> texts_;
    bool failed_ = false, counted_ = false;
    std::size_t total_ = 0, here_ = 0;
};

/// PIX: which numbers has the person of this number? Throws storage::FailureException.
exchange::QueryAnswer answer_identifiers(storage::Reader& reader, const exchange::Envelope& envelope,
                                         const exchange::ReplyContext& context, const Authorities& authorities);
/// PDQ: which persons are like this?
exchange::QueryAnswer answer_demographics(storage::Reader& reader, const exchange::Envelope& envelope,
                                          const exchange::ReplyContext& context, const Authorities& authorities);

}  // namespace causeway::patient_index::v2

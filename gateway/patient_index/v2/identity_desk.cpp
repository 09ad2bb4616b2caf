#include "gateway/patient_index/v2/identity_desk.hpp"

#include "gateway/patient_index/v2/feed_rules.hpp"
#include "gateway/patient_index/v2/query_answer.hpp"

namespace causeway::patient_index::v2 {

std::optional<exchange::QueryAnswer> Desk::answer(const exchange::Envelope& envelope,
                                                  const exchange::ReplyContext& context) const {
    const bool pix = envelope.event == "Q23", pdq = envelope.event == "Q22";
    if (envelope.type != "QBP" || !(pix || pdq)) return std::nullopt;
    const auto failed = [&](std::string_view text) {
        QueryResponse response(envelope, context, pix ? "K23" : "K22", pix ? "RSP_K23" : "RSP_K21");
        response.fail(hl7v2::ErrorCode::internal_error, {}, text);
        return response.finish(false);
    };
    if (!envelope.message->view().segment("QPD")) return failed("QPD is missing");
    const auto snapshot = store_.snapshot();
    if (snapshot.has_error()) return failed("the index cannot be read");
    try {
        return pix ? answer_identifiers(**snapshot, envelope, context, authorities_)
                   : answer_demographics(**snapshot, envelope, context, authorities_);
    } catch (const storage::FailureException&) {
        return failed("the index cannot be read");
    }
}

std::optional<exchange::Refusal> Desk::refusal(const exchange::Envelope& envelope) const {
    const auto snapshot = store_.snapshot();
    if (snapshot.has_error()) return std::nullopt;
    return feed_refusal(envelope, authorities_, **snapshot);
}

std::unique_ptr<const hl7v2::Message> Desk::completed(const exchange::Envelope& envelope) const {
    return complete_message(envelope.message->view(), authorities_);
}

void Desk::restrict_keys(const exchange::Partner& partner, mappings::ForwardResult& mapped) const {
    v2::restrict_keys(partner.name, authorities_, mapped);
}

}  // namespace causeway::patient_index::v2

#include "gateway/exchange/reply.hpp"

#include <algorithm>

namespace causeway::exchange {
namespace {

using hl7v2::AckCode;

/// CA: it is kept. CR: MSH-9, 11 or 12 are not acceptable. CE: anything else.
AckCode accept_code(const Envelope& envelope, const Verdict& verdict) {
    if (envelope.refusal) {
        switch (envelope.refusal->error) {
            case hl7v2::ErrorCode::unsupported_message_type:
            case hl7v2::ErrorCode::unsupported_event:
            case hl7v2::ErrorCode::unsupported_processing_id:
            case hl7v2::ErrorCode::unsupported_version:
                return AckCode::cr;
            default:
                return AckCode::ce;
        }
    }
    return verdict.stored ? AckCode::ca : AckCode::ce;
}

}  // namespace

std::vector<std::string> make_replies(const Envelope& envelope, const Verdict& verdict, const ReplyContext& context) {
    std::vector<std::string> replies;
    if (envelope.message == nullptr) {
        const auto error = verdict.errors.empty() ? hl7v2::ErrEntry{} : verdict.errors.front();
        replies.push_back(hl7v2::reject_unreadable(envelope.raw, verdict.code, error,
                                                   {.now = context.now, .control_id = context.application_control_id}));
        return replies;
    }
    if (envelope.is_acknowledgement()) return replies;
    const auto& message = envelope.message->view();
    if (!envelope.enhanced()) {
        replies.push_back(hl7v2::acknowledge(message, verdict.code, verdict.errors,
                                             {.now = context.now,
                                              .control_id = context.application_control_id,
                                              .expected_sequence = context.expected_sequence}));
        return replies;
    }
    const auto accept = accept_code(envelope, verdict);
    if (wanted(envelope.accept, hl7v2::positive(accept))) {
        const std::span<const hl7v2::ErrEntry> errors =
            hl7v2::positive(accept) ? std::span<const hl7v2::ErrEntry>() : verdict.errors;
        replies.push_back(hl7v2::acknowledge(message, accept, errors,
                                             {.now = context.now,
                                              .control_id = context.accept_control_id,
                                              .expected_sequence = context.expected_sequence}));
    }
    // What was not accepted is not processed, so there is no application to answer.
    if (hl7v2::positive(accept) && wanted(envelope.application_ack, hl7v2::positive(verdict.code))) {
        replies.push_back(hl7v2::acknowledge(message, verdict.code, verdict.errors,
                                             {.now = context.now,
                                              .control_id = context.application_control_id,
                                              .expected_sequence = context.expected_sequence,
                                              .accept_mode = "NE"}));
    }
    return replies;
}

std::string_view summary_code(const Envelope& envelope, const Verdict& verdict) {
    if (envelope.message == nullptr || !envelope.enhanced()) return hl7v2::text(verdict.code);
    const auto accept = accept_code(envelope, verdict);
    if (!hl7v2::positive(accept)) return hl7v2::text(accept);
    return wanted(envelope.application_ack, hl7v2::positive(verdict.code)) || !hl7v2::positive(verdict.code)
               ? hl7v2::text(verdict.code)
               : hl7v2::text(accept);
}

std::vector<std::string> split_replies(std::string_view stored) {
    std::vector<std::string> replies;
    while (!stored.empty()) {
        const auto next = std::min(stored.find("\rMSH"), stored.size() - 1) + 1;
        replies.emplace_back(stored.substr(0, next));
        stored.remove_prefix(next);
    }
    return replies;
}

}  // namespace causeway::exchange

#include "gateway/exchange/reply.hpp"

#include <algorithm>

namespace causeway::exchange {
namespace {

using hl7v2::AckCode;

/// What is refused for another reason than its header is not kept for its sender: CE.
hl7v2::Receipt receipt(const Envelope& envelope, const Verdict& verdict) noexcept {
    if (!envelope.refusal) return verdict.stored ? hl7v2::Receipt::kept : hl7v2::Receipt::not_kept;
    return hl7v2::refuses(envelope.refusal->error) ? hl7v2::Receipt::refused : hl7v2::Receipt::not_kept;
}

hl7v2::Processing processing(AckCode code) noexcept {
    if (hl7v2::positive(code)) return hl7v2::Processing::done;
    return code == AckCode::ar ? hl7v2::Processing::refused : hl7v2::Processing::failed;
}

std::optional<AckCode> accept_due(const Envelope& envelope, const Verdict& verdict) noexcept {
    return hl7v2::accept_acknowledgement_due(envelope.asks, receipt(envelope, verdict));
}

/// In enhanced mode the whole is answered once, as its last fragment.
std::optional<AckCode> application_due(const Envelope& envelope, const Verdict& verdict) noexcept {
    if (verdict.fragment && envelope.enhanced()) return std::nullopt;
    return hl7v2::application_acknowledgement_due(envelope.asks, receipt(envelope, verdict), processing(verdict.code));
}

bool answers_apart(const Envelope& envelope) noexcept {
    return envelope.enhanced() && envelope.partner != nullptr && envelope.partner->acknowledge_apart;
}

std::string application_acknowledgement(const Envelope& envelope, AckCode code, const Verdict& verdict,
                                        const ReplyContext& context, std::string_view accept_mode) {
    return hl7v2::acknowledge(envelope.message->view(), code, verdict.errors,
                              {.now = context.now,
                               .control_id = context.application_control_id,
                               .expected_sequence = context.expected_sequence,
                               .accept_mode = accept_mode});
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
    if (const auto code = accept_due(envelope, verdict)) {
        const std::span<const hl7v2::ErrEntry> errors =
            hl7v2::positive(*code) ? std::span<const hl7v2::ErrEntry>() : verdict.errors;
        replies.push_back(hl7v2::acknowledge(message, *code, errors,
                                             {.now = context.now,
                                              .control_id = context.accept_control_id,
                                              .expected_sequence = context.expected_sequence}));
    }
    if (const auto code = application_due(envelope, verdict); code && !answers_apart(envelope)) {
        const std::string_view mode = envelope.enhanced() ? "NE" : "";
        replies.push_back(application_acknowledgement(envelope, *code, verdict, context, mode));
    }
    return replies;
}

std::optional<std::string> make_deferred_reply(const Envelope& envelope, const Verdict& verdict,
                                               const ReplyContext& context) {
    if (envelope.message == nullptr || envelope.is_acknowledgement() || !answers_apart(envelope)) return std::nullopt;
    const auto code = application_due(envelope, verdict);
    if (!code) return std::nullopt;
    return application_acknowledgement(envelope, *code, verdict, context, "AL");
}

std::string_view summary_code(const Envelope& envelope, const Verdict& verdict) {
    if (envelope.message == nullptr || !envelope.enhanced()) return hl7v2::text(verdict.code);
    const auto accept = hl7v2::accept_code(receipt(envelope, verdict));
    if (!hl7v2::positive(accept)) return hl7v2::text(accept);
    const bool told = application_due(envelope, verdict) || !hl7v2::positive(verdict.code);
    return hl7v2::text(told ? verdict.code : accept);
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

#include "hl7v2/acknowledgement_mode.hpp"

#include <utility>

namespace causeway::hl7v2 {

namespace {

constexpr bool asked(AckCondition condition) noexcept {
    return condition != AckCondition::empty && condition != AckCondition::never;
}

constexpr bool is_accept_code(AckCode code) noexcept {
    return code == AckCode::ca || code == AckCode::ce || code == AckCode::cr;
}

}  // namespace

AckCondition parse_ack_condition(std::string_view raw) noexcept {
    if (raw.empty() || raw == "\"\"") return AckCondition::empty;
    if (raw == "NE") return AckCondition::never;
    if (raw == "ER") return AckCondition::on_error;
    if (raw == "SU") return AckCondition::on_success;
    return AckCondition::always;
}

std::string_view text(AckCondition condition) noexcept {
    switch (condition) {
        case AckCondition::empty:
            return "";
        case AckCondition::always:
            return "AL";
        case AckCondition::never:
            return "NE";
        case AckCondition::on_error:
            return "ER";
        case AckCondition::on_success:
            return "SU";
    }
    return "";
}

bool applies(AckCondition condition, bool success) noexcept {
    switch (condition) {
        case AckCondition::always:
            return true;
        case AckCondition::on_error:
            return !success;
        case AckCondition::on_success:
            return success;
        case AckCondition::empty:
        case AckCondition::never:
            return false;
    }
    return false;
}

AckRequest ack_request(const MessageView& message) noexcept {
    const SegmentView msh = message.segment("MSH");
    return {parse_ack_condition(msh.at({15, 1, 1, 1}).raw()), parse_ack_condition(msh.at({16, 1, 1, 1}).raw())};
}

AckCode accept_code(Receipt receipt) noexcept {
    switch (receipt) {
        case Receipt::kept:
            return AckCode::ca;
        case Receipt::refused:
            return AckCode::cr;
        case Receipt::not_kept:
            break;
    }
    return AckCode::ce;
}

AckCode application_code(Processing processing) noexcept {
    switch (processing) {
        case Processing::done:
            return AckCode::aa;
        case Processing::refused:
            return AckCode::ar;
        case Processing::failed:
            break;
    }
    return AckCode::ae;
}

bool refuses(ErrorCode code) noexcept {
    return code == ErrorCode::unsupported_message_type || code == ErrorCode::unsupported_event ||
           code == ErrorCode::unsupported_processing_id || code == ErrorCode::unsupported_version;
}

std::optional<AckCode> accept_acknowledgement_due(const AckRequest& request, Receipt receipt) noexcept {
    const AckCode code = accept_code(receipt);
    if (!request.enhanced() || !applies(request.accept, positive(code))) return std::nullopt;
    return code;
}

std::optional<AckCode> application_acknowledgement_due(const AckRequest& request, Receipt receipt,
                                                       Processing processing) noexcept {
    if (!request.enhanced()) {
        // not storing is a fault of ours that a repeat may cure: AE; an unacceptable header stays one: AR
        if (receipt == Receipt::refused) return AckCode::ar;
        if (receipt == Receipt::not_kept) return processing == Processing::refused ? AckCode::ar : AckCode::ae;
        return application_code(processing);
    }
    const AckCode code = application_code(processing);
    if (receipt != Receipt::kept || !applies(request.application, positive(code))) return std::nullopt;
    return code;
}

// --- AckWait

AckWait::AckWait(const AckRequest& request, std::string control_id, bool takes_either)
    : request_(request), control_id_(std::move(control_id)), takes_either_(takes_either), state_(State::application) {
    if (!request_.enhanced()) {
        request_.application = AckCondition::always;  // original mode behaves like NE and AL
    } else if (asked(request_.accept)) {
        state_ = State::accept;
    } else if (!asked(request_.application)) {
        state_ = State::settled;
    }
}

AckCondition AckWait::awaited() const noexcept {
    return state_ == State::accept ? request_.accept : request_.application;
}

bool AckWait::silence_is_failure() const noexcept {
    return state_ != State::settled && (awaited() == AckCondition::always || awaited() == AckCondition::on_success);
}

AckWait::Step AckWait::take(const Acknowledgement& answer) noexcept {
    if (answer.control_id != control_id_) return Step::not_ours;
    if (state_ == State::settled) return Step::unexpected;
    if (is_accept_code(answer.code) != (state_ == State::accept)) {
        const bool application_due = asked(request_.application);
        // with ER or SU the accept acknowledgement may rightly not have come before the application's
        const bool passed_over =
            state_ == State::accept && application_due && (request_.accept != AckCondition::always || takes_either_);
        const bool repeated = state_ == State::application && asked(request_.accept);  // CA once more
        if (!passed_over && (!takes_either_ || repeated)) return Step::unexpected;
        if (passed_over) state_ = State::application;
    }
    code_ = answer.code;
    if (state_ == State::application) {
        state_ = State::settled;
    } else {
        after_accept(positive(answer.code));
    }
    return state_ == State::settled ? Step::settled : Step::progressed;
}

/// What was not accepted is not processed: no application acknowledgement will come.
void AckWait::after_accept(bool positive_answer) noexcept {
    const bool more = positive_answer && asked(request_.application);
    state_ = more ? State::application : State::settled;
}

bool AckWait::give_up_waiting() noexcept {
    if (silence_is_failure()) return false;
    if (state_ == State::accept) {
        after_accept(true);
    } else {
        state_ = State::settled;
    }
    return state_ == State::settled;
}

}  // namespace causeway::hl7v2

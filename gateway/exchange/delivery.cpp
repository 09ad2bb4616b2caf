#include "gateway/exchange/delivery.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "gateway/exchange/backoff.hpp"

namespace causeway::exchange {
namespace {

constexpr std::uint32_t strays_max = 16;  // answers to something else before the connection is given up
constexpr RetryPolicy storage_retry{.first_ms = 100, .max_ms = 5'000};

std::int64_t ms(std::uint64_t value) { return static_cast<std::int64_t>(value) * 1'000; }

}  // namespace

Delivery::Delivery(const Partner& partner, Random random) : partner_(partner), random_(std::move(random)) {
    assert(partner.mllp.has_value());
}

Step Delivery::step() const {
    switch (state_) {
        case State::take:
            return StepTake{};
        case State::idle:
        case State::until_due:
        case State::settle_again:
            return StepWait{until_us_};
        case State::connect:
            return StepConnect{};
        case State::send:
            return StepSend{current_->message};
        case State::receive:
            return StepReceive{until_us_};
        case State::close_for_settle:
        case State::close_for_resend:
        case State::close_idle:
            return StepClose{};
        case State::settle:
            return StepSettle{&settlement_};
        case State::stopped:
            return StepStop{};
    }
    return StepStop{};
}

void Delivery::next_message(std::int64_t now_us) {
    current_.reset();
    committed_ = false;
    if (stopping_) {
        state_ = connected_ ? State::close_idle : State::stopped;
    } else if (paused_) {
        idle_since_us_ = now_us;
        state_ = connected_ ? State::close_idle : State::idle;
        until_us_ = forever;
    } else if (connected_ && partner_.mllp->idle_close_ms == 0 && sent_on_connection_ > 0) {
        state_ = State::close_idle;
    } else {
        state_ = State::take;
    }
}

void Delivery::on_taken(std::optional<Outgoing> row, std::int64_t now_us) {
    assert(state_ == State::take);
    take_failures_ = 0;
    if (stopping_ || paused_) return next_message(now_us);
    if (!row) {
        if (idle_since_us_ == 0) idle_since_us_ = now_us;
        trouble_.reset();
        state_ = State::idle;
        until_us_ = connected_ ? idle_since_us_ + ms(partner_.mllp->idle_close_ms) : forever;
        return;
    }
    if (row->due_us > now_us) {
        if (connected_ && row->due_us - now_us > ms(partner_.mllp->idle_close_ms)) {
            state_ = State::close_idle;
            return;
        }
        state_ = State::until_due;
        until_us_ = row->due_us;
        return;
    }
    current_ = std::move(row);
    begin(now_us);
}

void Delivery::on_take_failed(std::int64_t now_us) {
    assert(state_ == State::take);
    state_ = State::until_due;
    until_us_ = now_us + ms(backoff_ms(storage_retry, ++take_failures_, random_()));
}

void Delivery::begin(std::int64_t) {
    idle_since_us_ = 0;
    strays_ = 0;
    committed_ = false;
    state_ = connected_ ? State::send : State::connect;
}

void Delivery::on_woken(std::int64_t now_us) {
    switch (state_) {
        case State::settle_again:
            if (now_us >= until_us_) state_ = State::settle;  // woken early: nothing may overtake the settlement
            return;
        case State::idle:
            if (connected_ && now_us >= until_us_) {
                state_ = State::close_idle;
                return;
            }
            return next_message(now_us);
        case State::until_due:
            return next_message(now_us);
        default:
            return;
    }
}

void Delivery::on_connected(std::int64_t) {
    assert(state_ == State::connect);
    ++counters_.connects;
    connected_ = true;
    sent_on_connection_ = 0;
    state_ = State::send;
}

void Delivery::on_connect_failed(std::int64_t now_us) {
    assert(state_ == State::connect);
    failed(FailureClass::connection, "no connection", {}, now_us);
}

void Delivery::on_sent(std::int64_t now_us) {
    assert(state_ == State::send);
    ++sent_on_connection_;
    state_ = State::receive;
    until_us_ = now_us + ms(partner_.mllp->answer_timeout_ms);
}

void Delivery::on_connection_lost(std::int64_t now_us) {
    assert(state_ == State::send || state_ == State::receive);
    // A connection that had carried messages before may have been closed by the partner while idle: that is no failure
    // of this message.
    const std::uint32_t earlier = state_ == State::send ? sent_on_connection_ : sent_on_connection_ - 1;
    if (earlier > 0 && strays_ == 0 && !committed_) {
        state_ = State::close_for_resend;
        return;
    }
    failed(FailureClass::connection, committed_ ? "connection lost after CA" : "connection lost before an answer", {},
           now_us);
}

void Delivery::on_receive_timeout(std::int64_t now_us) {
    assert(state_ == State::receive);
    const auto limit = committed_ ? partner_.mllp->application_timeout_ms : partner_.mllp->answer_timeout_ms;
    failed(FailureClass::timeout, "no answer in " + std::to_string(limit) + " ms", {}, now_us);
}

void Delivery::on_received(std::string_view message, std::int64_t now_us) {
    assert(state_ == State::receive);
    const auto answer = read_answer(message);
    if (!answer)
        return failed(FailureClass::bad_answer, "the answer is no acknowledgement", std::string(message), now_us);
    if (answer->control_id != current_->control_id) {
        // An answer to something else is not an answer: it settles nothing, and the right one may still follow.
        ++counters_.late_answers;
        stray_ = std::string(message);
        if (++strays_ < strays_max) return;
        return failed(FailureClass::bad_answer, "MSA-2 is not the control id sent", std::string(message), now_us);
    }
    std::string reason(to_string(answer->code));
    if (!answer->error_code.empty()) reason += " " + answer->error_code;
    if (answer->is_rejection()) return failed(FailureClass::rejected, std::move(reason), std::string(message), now_us);
    if (!answer->is_positive())
        return failed(FailureClass::application, std::move(reason), std::string(message), now_us);
    if (answer->is_accept() && partner_.acknowledgement == AcknowledgementMode::accept_and_application && !committed_) {
        committed_ = true;
        until_us_ = now_us + ms(partner_.mllp->application_timeout_ms);
        return;
    }
    delivered(message);
}

void Delivery::delivered(std::string_view answer) {
    ++counters_.delivered;
    ++counters_.attempts;
    trouble_.reset();
    settlement_ = Settlement{.kind = Settlement::Kind::delivered,
                             .id = current_->id,
                             .attempts = current_->attempts + 1,
                             .due_us = 0,
                             .failure = std::nullopt,
                             .reason = {},
                             .answer = std::string(answer)};
    settle_next();
}

void Delivery::failed(FailureClass failure, std::string reason, std::string answer, std::int64_t now_us) {
    const auto index = static_cast<std::size_t>(failure);
    ++counters_.failures[index];
    ++counters_.attempts;
    trouble_ = failure;
    const std::uint32_t attempts_max = partner_.retry.attempts_max(failure);
    const std::uint32_t failures = ++failures_[current_->id][index];
    const bool park = attempts_max != 0 && failures >= attempts_max;
    settlement_ = Settlement{.kind = park ? Settlement::Kind::parked : Settlement::Kind::retry,
                             .id = current_->id,
                             .attempts = current_->attempts + 1,
                             .due_us = park ? 0 : now_us + ms(backoff_ms(partner_.retry, failures, random_())),
                             .failure = failure,
                             .reason = std::move(reason),
                             .answer = std::move(answer)};
    if (park) {
        ++counters_.parked;
        if (partner_.retry.stop_when_parked) paused_ = true;
    }
    // An AE or AR is the whole answer: the connection is sound. After anything else an answer may still be on its way.
    const bool sound = failure == FailureClass::application || failure == FailureClass::rejected;
    if (connected_ && !sound) {
        state_ = State::close_for_settle;
    } else {
        settle_next();
    }
}

void Delivery::settle_next() {
    settle_failures_ = 0;
    state_ = State::settle;
}

void Delivery::on_closed(std::int64_t now_us) {
    connected_ = false;
    sent_on_connection_ = 0;
    switch (state_) {
        case State::close_for_settle:
            return settle_next();
        case State::close_for_resend:
            state_ = State::connect;
            return;
        case State::close_idle:
            idle_since_us_ = 0;
            return next_message(now_us);
        default:
            assert(false);
    }
}

void Delivery::on_settled_elsewhere(std::int64_t) {
    assert(state_ == State::receive && current_);
    ++counters_.delivered;
    ++counters_.attempts;
    trouble_.reset();
    failures_.erase(current_->id);
    current_.reset();
    state_ = State::close_idle;
}

void Delivery::on_settled(std::int64_t now_us) {
    assert(state_ == State::settle);
    if (settlement_.kind != Settlement::Kind::retry) failures_.erase(settlement_.id);
    idle_since_us_ = now_us;
    next_message(now_us);
}

void Delivery::on_settle_failed(std::int64_t now_us) {
    assert(state_ == State::settle);
    state_ = State::settle_again;
    until_us_ = now_us + ms(backoff_ms(storage_retry, ++settle_failures_, random_()));
}

}  // namespace causeway::exchange

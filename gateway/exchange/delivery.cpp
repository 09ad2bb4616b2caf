#include "gateway/exchange/delivery.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "gateway/exchange/backoff.hpp"
#include "gateway/exchange/numbered_link.hpp"
#include "gateway/exchange/outgoing_batch.hpp"

namespace causeway::exchange {
namespace {

constexpr std::uint32_t strays_max = 16;  // answers to something else before the connection is given up
constexpr RetryPolicy storage_retry{.first_ms = 100, .max_ms = 5'000};

std::int64_t ms(std::uint64_t value) { return static_cast<std::int64_t>(value) * 1'000; }

using hl7v2::AckCondition;
using hl7v2::AckRequest;

AckRequest request_of(AcknowledgementMode mode) noexcept {
    switch (mode) {
        case AcknowledgementMode::original:
            break;
        case AcknowledgementMode::accept:
            return {AckCondition::always, AckCondition::never};
        case AcknowledgementMode::accept_and_application:
            return {AckCondition::always, AckCondition::always};
        case AcknowledgementMode::none:
            return {AckCondition::never, AckCondition::never};
    }
    return {};
}

/// What the message itself asks for (an acknowledgement of ours asks for less than our other messages do); where it says
/// nothing, what the partner is known to do.
AckRequest request_of(std::string_view message, AcknowledgementMode mode) {
    const auto view = hl7v2::MessageView::parse(message, {{}, hl7v2::Tolerances::all()});
    const auto stated = view.has_error() ? AckRequest{} : hl7v2::ack_request(*view);
    return stated.enhanced() ? stated : request_of(mode);
}

std::string reason_of(const Answer& answer) {
    std::string reason(to_string(answer.code));
    if (!answer.error_code.empty()) reason += " " + answer.error_code;
    return reason;
}

FailureClass failure_of_answer(const Answer& answer) noexcept {
    return answer.is_rejection() ? FailureClass::rejected : FailureClass::application;
}

/// For AckWait, which has no word for a code that is none of the six; those are failures and never get there.
hl7v2::Acknowledgement plain(const Answer& answer) {
    const auto code = answer.is_accept() ? hl7v2::AckCode::ca : hl7v2::AckCode::aa;
    return {code, answer.control_id, {}, answer.expected_sequence};
}

}  // namespace

Delivery::Delivery(const Partner& partner, Random random)
    : partner_(partner),
      endpoint_(partner.mllp.value_or(MllpEndpoint{})),
      timetable_(partner.windows, partner.timezone, partner.messages_per_minute),
      random_(std::move(random)) {
    assert(partner.reachable());
    if (partner.sequence_numbers_sent) link_ = std::make_unique<NumberedLink>();
}

Delivery::~Delivery() = default;

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
        case State::ask_link:
        case State::send:
            return StepSend{bytes_};
        case State::await_link:
        case State::receive:
            return StepReceive{until_us_};
        case State::close_for_settle:
        case State::close_for_resend:
        case State::close_idle:
            return StepClose{};
        case State::settle:
            return StepSettle{settlements_};
        case State::stopped:
            return StepStop{};
    }
    return StepStop{};
}

void DeliveryCounters::add(const DeliveryCounters& other) noexcept {
    delivered += other.delivered;
    parked += other.parked;
    attempts += other.attempts;
    late_answers += other.late_answers;
    connects += other.connects;
    for (std::size_t i = 0; i < failures.size(); ++i) failures[i] += other.failures[i];
}

void Delivery::follow(const QueueOrder& order) noexcept {
    if (order.verb == QueueOrder::Verb::pause) return pause();
    if (order.verb == QueueOrder::Verb::run) return resume();
    if (link_ && link_->frozen()) return pause();  // nothing may go before an operator has looked at the numbers
    if (order.last == 0) return pause();
    paused_ = false;
    drain_until_ = order.last;
}

void Delivery::resume() noexcept {
    paused_ = false;
    drain_until_ = 0;
    if (link_ && link_->frozen()) link_->allow_resynchronisation();
}

void Delivery::renumber(std::int64_t next) {
    if (!link_ || !halted()) return;
    *link_ = NumberedLink::from(next);
    link_loaded_ = true;
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
    } else if (connected_ && endpoint_.idle_close_ms == 0 && sent_on_connection_ > 0) {
        state_ = State::close_idle;
    } else {
        state_ = State::take;
    }
}

void Delivery::on_taken(std::optional<Outgoing> row, std::int64_t now_us) {
    assert(state_ == State::take);
    take_failures_ = 0;
    if (stopping_ || paused_) return next_message(now_us);
    if (!row && std::exchange(drain_until_, 0) != 0) {
        trouble_.reset();
        paused_ = true;
        return next_message(now_us);
    }
    if (!row) {
        if (idle_since_us_ == 0) idle_since_us_ = now_us;
        trouble_.reset();
        state_ = State::idle;
        until_us_ = connected_ ? idle_since_us_ + ms(endpoint_.idle_close_ms) : forever;
        return;
    }
    if (row->id == 0 && row->due_us <= now_us) return next_message(now_us);  // only a time, which has come meanwhile
    if (row->due_us > now_us) {
        if (connected_ && row->due_us - now_us > ms(endpoint_.idle_close_ms)) {
            state_ = State::close_idle;
            return;
        }
        state_ = State::until_due;
        until_us_ = row->due_us;
        return;
    }
    if (const auto allowed_us = timetable_.allowed_us(now_us); allowed_us > now_us) {
        const bool soon = allowed_us - now_us <= ms(endpoint_.idle_close_ms);
        state_ = connected_ && !soon ? State::close_idle : State::until_due;
        until_us_ = allowed_us;
        return;
    }
    timetable_.took(now_us, 1 + row->companions.size());
    current_ = std::move(row);
    if (link_ && !std::exchange(link_loaded_, true)) {
        *link_ = NumberedLink(current_->link);
        if (link_->frozen()) {  // as it was when we were stopped: an operator has yet to look at it
            paused_ = true;
            return next_message(now_us);
        }
    }
    begin();
}

void Delivery::on_take_failed(std::int64_t now_us) {
    assert(state_ == State::take);
    state_ = State::until_due;
    until_us_ = now_us + ms(backoff_ms(storage_retry, ++take_failures_, random_()));
}

void Delivery::begin() {
    idle_since_us_ = 0;
    strays_ = 0;
    committed_ = false;
    if (connected_) return go();
    state_ = State::connect;
}

/// With a connection and a message: what goes out next.
void Delivery::go() {
    number_settled_ = false;
    answers_.assign(size(), std::nullopt);
    if (!current_->companions.empty()) {
        bytes_ = make_batch(partner_, *current_);
        wait_.emplace(AckRequest{}, batch_control_id(*current_), true);
    } else {
        bytes_ = current_->message;
        wait_.emplace(request_of(bytes_, partner_.acknowledgement), current_->control_id, true);
    }
    state_ = State::send;
    if (!link_) return;
    if (!link_->agreed()) {
        question_id_ = unique_id();
        bytes_ = link_->question(current_->message, question_id_);
        state_ = State::ask_link;
        return;
    }
    bytes_ = link_->number(current_->message, current_->id);
    settlements_.assign(1, {});
    settlements_.front().kind = Settlement::Kind::numbered;
    settlements_.front().id = current_->id;
    settle_next();
}

/// Of a question: a partner must not take it for the one it has answered before.
std::string Delivery::unique_id() {
    std::string id = "S";
    for (int i = 0; i < 15; ++i) id += "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[static_cast<std::size_t>(random_() * 32)];
    return id;
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
    commits_due_ = 0;
    go();
}

void Delivery::on_connect_failed(std::int64_t now_us) {
    assert(state_ == State::connect);
    failed(FailureClass::connection, "no connection", {}, now_us);
}

void Delivery::on_sent(std::int64_t now_us) {
    assert(state_ == State::send || state_ == State::ask_link);
    if (endpoint_.release == 2) ++commits_due_;
    until_us_ = now_us + ms(endpoint_.answer_timeout_ms);
    if (state_ == State::ask_link) {
        state_ = State::await_link;
        return;
    }
    ++sent_on_connection_;
    state_ = State::receive;
    const bool nothing_comes = wait_->state() == hl7v2::AckWait::State::settled && endpoint_.release != 2;
    if (nothing_comes) delivered({});
}

void Delivery::on_carried(const Carried& carried, std::int64_t now_us) {
    assert(state_ == State::send);
    ++sent_on_connection_;
    switch (carried.kind) {
        case Carried::Kind::taken:
            return delivered(carried.answer);
        case Carried::Kind::failed:
            return failed(carried.failure, carried.reason, carried.answer, now_us);
        case Carried::Kind::answered:
            break;
    }
    state_ = State::receive;
    until_us_ = now_us;
    on_received(carried.answer, now_us);
    if (state_ == State::receive)
        failed(FailureClass::bad_answer, "the answer is another message's, or not the last", carried.answer, now_us);
}

void Delivery::on_connection_lost(std::int64_t now_us) {
    if (state_ == State::ask_link || state_ == State::await_link) {
        return failed(FailureClass::connection, "connection lost before the sequence numbers were agreed", {}, now_us);
    }
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
    assert(state_ == State::receive || state_ == State::await_link);
    const auto limit = committed_ ? endpoint_.application_timeout_ms : endpoint_.answer_timeout_ms;
    // with ER and the like silence says that all is well
    if (state_ == State::receive && commits_due_ == 0 && current_->companions.empty() && !wait_->silence_is_failure()) {
        if (wait_->give_up_waiting()) return delivered({});
        until_us_ = now_us + ms(endpoint_.application_timeout_ms);
        return;
    }
    failed(FailureClass::timeout, "no answer in " + std::to_string(limit) + " ms", {}, now_us);
}

void Delivery::on_commit(bool accepted, std::int64_t now_us) {
    assert(state_ == State::receive || state_ == State::await_link);
    if (commits_due_ > 0) --commits_due_;
    if (commits_due_ > 0) return;  // to a block before the one under way
    if (!accepted) return failed(FailureClass::connection, "NAK", {}, now_us);
    const bool nothing_more = state_ == State::receive && wait_->state() == hl7v2::AckWait::State::settled;
    if (nothing_more) delivered({});
}

void Delivery::stray(std::string_view message, std::int64_t now_us) {
    // An answer to something else is not an answer: it settles nothing, and the right one may still follow.
    ++counters_.late_answers;
    stray_ = std::string(message);
    if (++strays_ < strays_max) return;
    failed(FailureClass::bad_answer, "MSA-2 is not the control id sent", message, now_us);
}

void Delivery::on_received(std::string_view message, std::int64_t now_us) {
    assert(state_ == State::receive || state_ == State::await_link);
    if (state_ == State::await_link) return received_link_answer(message, now_us);
    if (!current_->companions.empty()) return received_batch_answer(message, now_us);
    const auto answer = read_answer(message);
    if (!answer) return failed(FailureClass::bad_answer, "the answer is no acknowledgement", message, now_us);
    if (answer->control_id != current_->control_id) return stray(message, now_us);
    if (!take_number(*answer)) return frozen(now_us);
    if (!answer->is_positive()) return failed(failure_of_answer(*answer), reason_of(*answer), message, now_us);
    switch (wait_->take(plain(*answer))) {
        case hl7v2::AckWait::Step::progressed:
            committed_ = true;
            until_us_ = now_us + ms(endpoint_.application_timeout_ms);
            return;
        case hl7v2::AckWait::Step::settled:
            return delivered(message);
        case hl7v2::AckWait::Step::not_ours:
        case hl7v2::AckWait::Step::unexpected:
            return stray(message, now_us);
    }
}

/// What MSA-4 says of the number under way; false if the sides disagree. Without a number in a refusal nobody knows
/// whether it was used: then the next connection asks.
bool Delivery::take_number(const Answer& answer) {
    if (!link_ || number_settled_) return true;
    number_settled_ = true;
    if (!answer.is_positive() && answer.expected_sequence != link_->next()) {
        link_->connection_closed();
        return true;
    }
    if (!answer.expected_sequence) {
        link_->accepted_without_number();
        return true;
    }
    return link_->answered(answer.expected_sequence) == NumberedLink::Step::accepted;
}

void Delivery::frozen(std::int64_t now_us) {
    paused_ = true;
    failed(FailureClass::bad_answer, "the sequence numbers disagree, ours is " + std::to_string(link_->next()), {},
           now_us);
}

void Delivery::received_link_answer(std::string_view message, std::int64_t now_us) {
    const auto answer = read_answer(message);
    if (!answer) return failed(FailureClass::bad_answer, "the answer is no acknowledgement", message, now_us);
    if (answer->control_id != question_id_) return stray(message, now_us);
    const auto row = link_->row();
    switch (link_->answered(answer->expected_sequence)) {
        case NumberedLink::Step::send:
            return go();
        case NumberedLink::Step::freeze:
            return frozen(now_us);
        case NumberedLink::Step::accepted:
            break;
    }
    // its acknowledgement was lost, or came too late
    if (row == current_->id) return delivered(message);
    Outgoing earlier;
    earlier.id = row;
    settlements_.assign(1, success_of(earlier, message));
    settle_next();
}

void Delivery::received_batch_answer(std::string_view message, std::int64_t now_us) {
    if (!message.starts_with("BHS") && !message.starts_with("FHS") && !read_answer(message)) {
        return failed(FailureClass::bad_answer, "the answer is no acknowledgement", message, now_us);
    }
    if (!take_batch_answer(message, *current_, answers_)) return stray(message, now_us);
    for (const auto& each : answers_)
        if (!each) return;
    settlements_.clear();
    for (std::size_t i = 0; i < size(); ++i) {
        const auto& answer = *answers_[i];
        settlements_.push_back(answer.is_positive()
                                   ? success_of(row(i), message)
                                   : failure_of(row(i), failure_of_answer(answer), reason_of(answer), message, now_us));
    }
    settle_next();
}

Settlement Delivery::success_of(const Outgoing& row, std::string_view answer) {
    ++counters_.delivered;
    ++counters_.attempts;
    trouble_.reset();
    return {.kind = Settlement::Kind::delivered,
            .id = row.id,
            .attempts = row.attempts + 1,
            .due_us = 0,
            .failure = std::nullopt,
            .reason = {},
            .answer = std::string(answer)};
}

void Delivery::delivered(std::string_view answer) {
    settlements_.clear();
    for (std::size_t i = 0; i < size(); ++i) settlements_.push_back(success_of(row(i), answer));
    settle_next();
}

Settlement Delivery::failure_of(const Outgoing& row, FailureClass failure, std::string reason, std::string_view answer,
                                std::int64_t now_us) {
    const auto index = static_cast<std::size_t>(failure);
    ++counters_.failures[index];
    ++counters_.attempts;
    trouble_ = failure;
    const std::uint32_t attempts_max = partner_.retry.attempts_max(failure);
    const std::uint32_t failures = ++failures_[row.id][index];
    const bool park = attempts_max != 0 && failures >= attempts_max;
    if (park) {
        ++counters_.parked;
        if (partner_.retry.stop_when_parked) paused_ = true;
    }
    return {.kind = park ? Settlement::Kind::parked : Settlement::Kind::retry,
            .id = row.id,
            .attempts = row.attempts + 1,
            .due_us = park ? 0 : now_us + ms(backoff_ms(partner_.retry, failures, random_())),
            .failure = failure,
            .reason = std::move(reason),
            .answer = std::string(answer)};
}

void Delivery::failed(FailureClass failure, const std::string& reason, std::string_view answer, std::int64_t now_us) {
    settlements_.clear();
    for (std::size_t i = 0; i < size(); ++i)
        settlements_.push_back(failure_of(row(i), failure, reason, answer, now_us));
    // An AE or AR is the whole answer: the connection is sound. After anything else an answer may still be on its way.
    const bool answered = failure == FailureClass::application || failure == FailureClass::rejected;
    const bool sound = answered && (!link_ || link_->agreed());
    if (connected_ && !sound) {
        state_ = State::close_for_settle;
    } else {
        settle_next();
    }
}

void Delivery::settle_next() {
    settle_failures_ = 0;
    if (link_) {
        settlements_.front().link_note = NumberedLink::note(partner_.name);
        settlements_.front().link = link_->text();
    }
    state_ = State::settle;
}

void Delivery::on_closed(std::int64_t now_us) {
    connected_ = false;
    sent_on_connection_ = 0;
    if (link_) link_->connection_closed();
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
    if (settlements_.front().kind == Settlement::Kind::numbered) {
        state_ = State::send;
        return;
    }
    for (const auto& each : settlements_)
        if (each.kind != Settlement::Kind::retry) failures_.erase(each.id);
    idle_since_us_ = now_us;
    next_message(now_us);
}

void Delivery::on_settle_failed(std::int64_t now_us) {
    assert(state_ == State::settle);
    state_ = State::settle_again;
    until_us_ = now_us + ms(backoff_ms(storage_retry, ++settle_failures_, random_()));
}

}  // namespace causeway::exchange

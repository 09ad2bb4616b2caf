#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/exchange/answer.hpp"
#include "gateway/exchange/partner.hpp"
#include "gateway/exchange/timetable.hpp"
#include "hl7v2/acknowledgement_mode.hpp"

namespace causeway::exchange {

/// One message waiting for a partner, as the outbox holds it.
struct Outgoing {
    std::uint64_t id = 0;                ///< outbox row
    std::string control_id;              ///< MSH-10, the same in every attempt
    std::string message;                 ///< the bytes to frame, the same in every attempt
    std::uint32_t attempts = 0;          ///< finished ones, over restarts
    std::int64_t due_us = 0;             ///< not before
    std::vector<Outgoing> companions{};  ///< messages that travel with it in one batch
    std::string link{};                  ///< the stored NumberedLink, where the partner's messages are numbered
};

/// What became of one attempt; written to the outbox before the queue goes on.
struct Settlement {
    enum class Kind : std::uint8_t {
        delivered,
        retry,
        parked,
        numbered  ///< nothing yet: only the number that is about to go is written down
    } kind = Kind::delivered;
    std::uint64_t id = 0;
    std::uint32_t attempts = 0;  ///< with this one
    std::int64_t due_us = 0;     ///< retry: not before
    std::optional<FailureClass> failure;
    std::string reason;               ///< codes only: "AE 207", "no answer in 30000 ms"
    std::string answer;               ///< the bytes that settled it, if any came
    std::string link_note{}, link{};  ///< a NumberedLink to store with it, and under which name; empty: none
};

/// What the queue wants next. Exactly one at a time.
struct StepTake {};  ///< ask the outbox for the first waiting message
struct StepWait {
    std::int64_t until_us;
};  ///< until then, or until woken
struct StepConnect {};
struct StepSend {
    std::string_view message;
};  ///< borrows from the Delivery until the next on_… call
struct StepReceive {
    std::int64_t deadline_us;
};
struct StepClose {};
struct StepSettle {
    std::span<const Settlement> settlements;
};                   ///< in one transaction, durable before on_settled
struct StepStop {};  ///< drained: nothing is under way
using Step = std::variant<StepTake, StepWait, StepConnect, StepSend, StepReceive, StepClose, StepSettle, StepStop>;

class NumberedLink;

/// What came of one message that was carried whole, by other means than MLLP.
struct Carried {
    enum class Kind : std::uint8_t {
        taken,     ///< it is there
        answered,  ///< `answer` is an HL7 acknowledgement, which decides
        failed
    } kind = Kind::failed;
    std::string answer{};
    FailureClass failure = FailureClass::connection;
    std::string reason{};  ///< codes only
};

/// Counters of one queue since the start.
struct DeliveryCounters {
    std::uint64_t delivered = 0, parked = 0, attempts = 0, late_answers = 0, connects = 0;
    std::array<std::uint64_t, 5> failures{};  ///< by FailureClass
    void add(const DeliveryCounters& other) noexcept;
};

/// What an operator wants of a queue.
struct QueueOrder {
    enum class Verb : std::uint8_t {
        run,
        pause,
        drain  ///< what is queued still goes, up to `last`; what comes later waits; then it is paused
    } verb = Verb::run;
    std::uint64_t last = 0;  ///< outbox row
};

/// The state machine that delivers one partner's messages in the order the outbox gives them out, one outstanding at a
/// time.
///
/// It does no I/O and knows no clock: a driver performs the step() it asks for and reports what happened with the time,
/// so that the server's coroutine, a test and the simulation run the same code. Promises: a message is sent again only
/// after its connection was closed (a late answer can never be taken for the next message); every attempt's bytes are
/// the same; what happened is settled in the outbox before anything else is sent; a message that cannot be delivered is
/// set aside after its class's attempts and does not block the queue, unless the partner's policy says so.
class Delivery {
public:
    static constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max();
    /// Random numbers from 0 up to but not 1.
    using Random = std::function<double()>;

    /// `partner` must be reachable and must outlive this.
    Delivery(const Partner& partner, Random random);
    ~Delivery();
    Delivery(const Delivery&) = delete;
    Delivery& operator=(const Delivery&) = delete;

    Step step() const;

    void on_taken(std::optional<Outgoing> row, std::int64_t now_us);
    void on_take_failed(std::int64_t now_us);
    /// The wait is over: its time came, or something was queued, or the operator changed something.
    void on_woken(std::int64_t now_us);
    void on_connected(std::int64_t now_us);
    void on_connect_failed(std::int64_t now_us);
    void on_sent(std::int64_t now_us);
    void on_received(std::string_view message, std::int64_t now_us);
    /// MLLP release 2: the commit block to a block of ours.
    void on_commit(bool accepted, std::int64_t now_us);
    void on_receive_timeout(std::int64_t now_us);
    /// The connection broke: while sending, or while waiting for the answer.
    void on_connection_lost(std::int64_t now_us);
    /// Instead of on_sent() and what follows it: the message was carried, or not.
    void on_carried(const Carried& carried, std::int64_t now_us);
    void on_closed(std::int64_t now_us);
    /// The message under way was settled apart from it (a deferred application acknowledgement on another connection)
    /// and its row is written; the connection is closed or unsound.
    void on_settled_elsewhere(std::int64_t now_us);
    void on_settled(std::int64_t now_us);
    void on_settle_failed(std::int64_t now_us);

    /// From any thread of control that also drives it: take effect before the next message is taken.
    void pause() noexcept {
        paused_ = true;
        drain_until_ = 0;
    }
    void resume() noexcept;
    void follow(const QueueOrder& order) noexcept;
    void stop() noexcept { stopping_ = true; }
    /// Outbox row of the message under way; 0 between messages.
    std::uint64_t current_id() const noexcept { return current_ ? current_->id : 0; }
    /// The message under way; null between messages.
    const Outgoing* current() const noexcept { return current_ ? &*current_ : nullptr; }
    /// The answer to another message that on_received() was given last, once.
    std::optional<std::string> take_stray() { return std::exchange(stray_, std::nullopt); }
    bool paused() const noexcept { return paused_; }
    /// Where it drains, the last outbox row that still goes; else 0.
    std::uint64_t drain_until() const noexcept { return drain_until_; }
    /// Paused, and no message is under way.
    bool halted() const noexcept { return paused_ && state_ == State::idle && !current_; }
    /// The number of the next message, as an operator has stored it; nothing happens unless halted() and numbered.
    void renumber(std::int64_t next);
    bool connected() const noexcept { return connected_; }
    /// What the current message failed with last; null while all is well. For health and alerts.
    const std::optional<FailureClass>& trouble() const noexcept { return trouble_; }

    const DeliveryCounters& counters() const noexcept { return counters_; }

private:
    enum class State : std::uint8_t {
        take,
        idle,
        until_due,
        connect,
        ask_link,
        await_link,
        send,
        receive,
        close_for_settle,
        close_for_resend,
        close_idle,
        settle,
        settle_again,
        stopped
    };

    void begin();
    void go();
    void next_message(std::int64_t now_us);
    void received_link_answer(std::string_view message, std::int64_t now_us);
    void received_batch_answer(std::string_view message, std::int64_t now_us);
    bool take_number(const Answer& answer);
    void frozen(std::int64_t now_us);
    std::size_t size() const noexcept { return 1 + current_->companions.size(); }
    const Outgoing& row(std::size_t index) const noexcept {
        return index == 0 ? *current_ : current_->companions[index - 1];
    }
    void failed(FailureClass failure, const std::string& reason, std::string_view answer, std::int64_t now_us);
    void delivered(std::string_view answer);
    void stray(std::string_view message, std::int64_t now_us);
    Settlement failure_of(const Outgoing& row, FailureClass failure, std::string reason, std::string_view answer,
                          std::int64_t now_us);
    Settlement success_of(const Outgoing& row, std::string_view answer);
    void settle_next();
    std::string unique_id();

    const Partner& partner_;
    const MllpEndpoint endpoint_;  ///< of the partner; the defaults where it is reached by other means
    Timetable timetable_;
    Random random_;
    State state_ = State::take;
    bool connected_ = false, paused_ = false, stopping_ = false, committed_ = false;
    std::uint32_t sent_on_connection_ = 0, strays_ = 0, settle_failures_ = 0, take_failures_ = 0;
    std::uint32_t commits_due_ = 0;  ///< blocks sent on this connection that have no commit block yet (release 2)
    std::uint64_t drain_until_ = 0;
    std::int64_t until_us_ = 0;
    std::int64_t idle_since_us_ = 0;
    std::optional<Outgoing> current_;
    std::string bytes_;  ///< what is sent for current_: itself, numbered, or its batch
    std::optional<hl7v2::AckWait> wait_;
    std::vector<std::optional<Answer>> answers_;  ///< to the messages of a batch
    std::unique_ptr<NumberedLink> link_;          ///< null: our messages carry no numbers
    bool link_loaded_ = false, number_settled_ = false;
    std::string question_id_;
    /// Of the rows that failed since the start, by class. One entry per row that is being retried: at most one per
    /// ordering key.
    std::unordered_map<std::uint64_t, std::array<std::uint32_t, 5>> failures_;
    std::vector<Settlement> settlements_;
    std::optional<std::string> stray_;
    std::optional<FailureClass> trouble_;
    DeliveryCounters counters_;
};

}  // namespace causeway::exchange

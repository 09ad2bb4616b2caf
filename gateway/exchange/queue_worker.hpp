#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "gateway/exchange/delivery.hpp"
#include "gateway/exchange/inbox.hpp"
#include "gateway/exchange/order_tasks.hpp"
#include "gateway/exchange/stray_answer.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::exchange {

class Claims;

/// What a worker tells whoever counts and logs. Called where the worker runs; must not block.
class DeliveryEvents {
public:
    virtual ~DeliveryEvents() = default;
    virtual void settled(const Partner&, const Settlement&) {}
    virtual void connected(const Partner&) {}
    /// An answer came to another message than the one under way.
    virtual void stray_answer(const Partner&, StrayAnswer) {}
    /// What became of an answer with content (ORL, RRE, RRI).
    virtual void answered(const Partner&, const Receipt&) {}
    /// A step ended with an exception: a bug of ours.
    virtual void worker_failed(const Partner&, const char* what) { (void)what; }
};

/// What delivers one partner's queue: performs what a Delivery asks for, by whichever way the partner is reached.
/// Everything but start() may be called on any thread.
class QueueWorker {
public:
    struct Context {
        storage::Store& store;
        const ops::Clock& clock;
        DeliveryEvents& events;
        const OrderTasks* tasks = nullptr;  ///< null: no Tasks of orders are kept
        /// Where an answer goes that says more than an acknowledgement (ORL, RRE, RRI): null: nowhere.
        const Inbox* inbox = nullptr;
        std::shared_ptr<Claims> claims = nullptr;  ///< null: nobody else takes from the queue
        std::function<void()> next = {};           ///< a message was settled: what waited for it may go; may be empty
    };
    struct Status {
        bool connected = false, paused = false;
        bool halted = false;  ///< paused, and nothing is under way
        bool ended = false;
        bool draining = false;  ///< what is queued still goes, then it is paused
        std::optional<FailureClass> trouble;
        DeliveryCounters counters;
    };

    virtual ~QueueWorker() = default;
    virtual void start() = 0;
    /// Something was queued for this partner, or may have been.
    virtual void wake() = 0;
    /// The row was settled by an acknowledgement that came another way: nothing more is waited for.
    virtual void settled_elsewhere(storage::OutboxId id) = 0;
    virtual void follow(const QueueOrder& order) = 0;
    /// The number of the next message to a partner whose messages are numbered (MSH-13), after it was stored. Only for a
    /// halted queue: any other goes on with its own. Nothing where messages have no numbers.
    virtual void renumber(std::int64_t next) { (void)next; }
    /// Finishes what is under way, then calls `stopped` once. What takes longer than `patience` is abandoned where that
    /// is possible, and sent again after a restart.
    virtual void stop(std::chrono::milliseconds patience, std::function<void()> stopped) = 0;
    virtual const Partner& partner() const noexcept = 0;
    /// A copy as of the last step.
    virtual Status status() const = 0;
};

}  // namespace causeway::exchange

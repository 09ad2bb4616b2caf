#pragma once
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "gateway/exchange/delivery.hpp"
#include "gateway/exchange/inbox.hpp"
#include "gateway/exchange/order_tasks.hpp"
#include "gateway/exchange/stray_answer.hpp"
#include "gateway/mllp/sender_connection.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::mllp {

/// What a worker tells whoever counts and logs. Called on the worker's strand; must not block.
class DeliveryEvents {
public:
    virtual ~DeliveryEvents() = default;
    virtual void settled(const exchange::Partner&, const exchange::Settlement&) {}
    virtual void connected(const exchange::Partner&) {}
    /// An answer came to another message than the one under way.
    virtual void stray_answer(const exchange::Partner&, exchange::StrayAnswer) {}
    /// What became of an answer with content (ORL, RRE, RRI).
    virtual void answered(const exchange::Partner&, const exchange::Receipt&) {}
    /// A step ended with an exception: a bug of ours.
    virtual void worker_failed(const exchange::Partner&, const char* what) { (void)what; }
};

/// Delivers one partner's outbox over MLLP: performs what exchange::Delivery asks for, on a strand of its own.
///
/// wake(), pause(), resume() and stop() may be called on any thread. The worker must outlive its run: destroy it after
/// `stopped`.
class DeliveryWorker {
public:
    struct Context {
        storage::Store& store;
        const ops::Clock& clock;
        net::thread_pool& blocking;  ///< where the outbox is read
        DeliveryEvents& events;
        std::size_t answer_bytes_max = std::size_t{16} << 20;
        std::shared_ptr<tls::Source> tls = nullptr;   ///< null: plain text
        const exchange::OrderTasks* tasks = nullptr;  ///< null: no Tasks of orders are kept
        /// Where an answer goes that says more than an acknowledgement (ORL, RRE, RRI): null: nowhere.
        const exchange::Inbox* inbox = nullptr;
    };

    DeliveryWorker(net::io_context& io, std::shared_ptr<const exchange::Partner> partner, Context context);
    ~DeliveryWorker();
    DeliveryWorker(const DeliveryWorker&) = delete;
    DeliveryWorker& operator=(const DeliveryWorker&) = delete;

    void start();
    /// Something was queued for this partner, or may have been.
    void wake();
    /// The row was settled by an acknowledgement that came another way: nothing more is waited for.
    void settled_elsewhere(storage::OutboxId id);
    void pause();
    void resume();
    /// Finishes what is under way (for at most `patience`: then it is abandoned and will be sent again after a
    /// restart), then calls `stopped` once, on an I/O thread.
    void stop(std::chrono::milliseconds patience, std::function<void()> stopped);

    const exchange::Partner& partner() const noexcept { return *partner_; }
    struct Status {
        bool connected = false, paused = false;
        std::optional<exchange::FailureClass> trouble;
        exchange::DeliveryCounters counters;
    };
    /// A copy as of the last step; any thread.
    Status status() const;

private:
    using Timer =
        net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, Executor>;

    Awaitable<> run();
    Awaitable<> take();
    Awaitable<> wait(std::int64_t until_us);
    Awaitable<> connect();
    Awaitable<> send(std::string_view message);
    Awaitable<> receive(std::int64_t deadline_us);
    Awaitable<> settle(std::span<const exchange::Settlement> settlements);
    Awaitable<bool> take_in_answer(std::string answer);  ///< false: it could not be kept
    Awaitable<> record_stray(std::string answer);
    void publish();
    void finished(const std::exception_ptr& failure);
    std::chrono::steady_clock::time_point steady(std::int64_t time_us) const;

    std::shared_ptr<const exchange::Partner> partner_;
    Context context_;
    Executor strand_;
    exchange::Delivery delivery_;
    SenderConnection connection_;
    Timer timer_, patience_;
    bool woken_ = false, running_ = false, abandoned_ = false;
    storage::OutboxId settled_elsewhere_ = 0;
    std::function<void()> stopped_;
    mutable std::mutex status_mutex_;
    Status status_;
};

}  // namespace causeway::mllp

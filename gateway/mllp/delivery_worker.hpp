#pragma once
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "gateway/exchange/queue_worker.hpp"
#include "gateway/mllp/sender_connection.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::mllp {

using exchange::DeliveryEvents;

/// Delivers one partner's outbox over MLLP: performs what exchange::Delivery asks for, on a strand of its own.
///
/// wake(), follow() and stop() may be called on any thread. The worker must outlive its run: destroy it after
/// `stopped`.
class DeliveryWorker final : public exchange::QueueWorker {
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
        std::shared_ptr<exchange::Claims> claims = nullptr;  ///< null: nobody else takes from the queue
        std::function<void()> next = {};  ///< a message was settled: what waited for it may go; may be empty
        http::KeepAlive keep_alive = {};
    };

    DeliveryWorker(net::io_context& io, std::shared_ptr<const exchange::Partner> partner, Context context);
    ~DeliveryWorker() override;
    DeliveryWorker(const DeliveryWorker&) = delete;
    DeliveryWorker& operator=(const DeliveryWorker&) = delete;

    void start() override;
    void wake() override;
    void settled_elsewhere(storage::OutboxId id) override;
    void follow(const exchange::QueueOrder& order) override;
    void renumber(std::int64_t next) override;
    /// `stopped` is called on an I/O thread.
    void stop(std::chrono::milliseconds patience, std::function<void()> stopped) override;

    const exchange::Partner& partner() const noexcept override { return *partner_; }
    Status status() const override;

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
    Awaitable<bool> take_in_answer(std::string answer, std::string question);  ///< false: it could not be kept
    Awaitable<> record_stray(std::string answer);
    void release_claim();
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
    std::uint64_t claimed_ = 0;
    std::function<void()> stopped_;
    mutable std::mutex status_mutex_;
    Status status_;
};

}  // namespace causeway::mllp

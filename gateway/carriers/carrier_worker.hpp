#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "gateway/carriers/carrier.hpp"
#include "gateway/exchange/queue_worker.hpp"

namespace causeway::carriers {

/// Delivers one partner's outbox by a Carrier, on a thread of its own: performs what exchange::Delivery asks for, as
/// mllp::DeliveryWorker does for MLLP.
///
/// Must outlive its run: destroy it after `stopped`, or let the destructor wait for what is under way.
class CarrierWorker final : public exchange::QueueWorker {
public:
    CarrierWorker(std::shared_ptr<const exchange::Partner> partner, std::unique_ptr<Carrier> carrier, Context context);
    ~CarrierWorker() override;

    void start() override;
    void wake() override;
    /// A carrier brings its answer back with the message: there is nothing to wait for.
    void settled_elsewhere(storage::OutboxId) override {}
    void follow(const exchange::QueueOrder& order) override;
    void stop(std::chrono::milliseconds patience, std::function<void()> stopped) override;
    const exchange::Partner& partner() const noexcept override { return *partner_; }
    Status status() const override;

private:
    void run();
    bool perform(const exchange::Step& step);
    void take();
    void wait(std::int64_t until_us);
    void settle(std::span<const exchange::Settlement> settlements);
    void follow_orders();
    void release_claim();
    void publish();

    std::shared_ptr<const exchange::Partner> partner_;
    std::unique_ptr<Carrier> carrier_;
    Context context_;
    exchange::Delivery delivery_;
    mutable std::mutex mutex_;
    std::condition_variable condition_;
    bool woken_ = false, stop_ = false;          // under mutex_
    std::optional<exchange::QueueOrder> order_;  // under mutex_; not followed yet
    Status status_;                              // under mutex_
    std::function<void()> stopped_;              // under mutex_
    std::uint64_t claimed_ = 0;
    std::thread thread_;
};

}  // namespace causeway::carriers

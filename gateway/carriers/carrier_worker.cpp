#include "gateway/carriers/carrier_worker.hpp"

#include <algorithm>
#include <exception>
#include <random>
#include <utility>
#include <vector>

#include "gateway/exchange/lanes.hpp"
#include "gateway/exchange/outbox.hpp"

namespace causeway::carriers {
namespace {

exchange::Delivery::Random make_random() {
    return [engine = std::mt19937_64(std::random_device{}())]() mutable {
        return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
    };
}

}  // namespace

CarrierWorker::CarrierWorker(std::shared_ptr<const exchange::Partner> partner, std::unique_ptr<Carrier> carrier,
                             Context context)
    : partner_(std::move(partner)),
      carrier_(std::move(carrier)),
      context_(std::move(context)),
      delivery_(*partner_, make_random()) {}

CarrierWorker::~CarrierWorker() {
    stop({}, [] {});
    if (thread_.joinable()) thread_.join();
}

void CarrierWorker::start() {
    thread_ = std::thread([this] { run(); });
}

void CarrierWorker::wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    condition_.notify_all();
}

void CarrierWorker::follow(const exchange::QueueOrder& order) {
    const std::lock_guard lock(mutex_);
    order_ = order;
    woken_ = true;
    status_.paused = order.verb == exchange::QueueOrder::Verb::pause;
    condition_.notify_all();
}

void CarrierWorker::stop(std::chrono::milliseconds, std::function<void()> stopped) {
    std::unique_lock lock(mutex_);
    stop_ = woken_ = true;
    if (!thread_.joinable() || status_.ended) {
        lock.unlock();
        return stopped();
    }
    if (!stopped_) stopped_ = std::move(stopped);
    condition_.notify_all();
}

void CarrierWorker::follow_orders() {
    const std::lock_guard lock(mutex_);
    if (const auto order = std::exchange(order_, std::nullopt)) delivery_.follow(*order);
    if (stop_) delivery_.stop();
}

void CarrierWorker::run() {
    try {
        for (;;) {
            follow_orders();
            if (!perform(delivery_.step())) break;
            release_claim();
            publish();
        }
    } catch (const std::exception& bug) {
        context_.events.worker_failed(*partner_, bug.what());
    }
    if (claimed_ != 0) context_.claims->release(std::exchange(claimed_, 0));
    std::function<void()> stopped;
    {
        const std::lock_guard lock(mutex_);
        status_.ended = true;
        stopped = std::exchange(stopped_, nullptr);
    }
    if (stopped) stopped();
}

/// False: it is stopped.
bool CarrierWorker::perform(const exchange::Step& step) {
    const auto now_us = [this] { return context_.clock.now_us(); };
    if (std::holds_alternative<exchange::StepTake>(step)) {
        take();
    } else if (const auto* waiting = std::get_if<exchange::StepWait>(&step)) {
        wait(waiting->until_us);
    } else if (std::holds_alternative<exchange::StepConnect>(step)) {
        delivery_.on_connected(now_us());  // each message has a connection of its own
    } else if (std::holds_alternative<exchange::StepSend>(step)) {
        const auto carried = carrier_->carry_blocking(*delivery_.current());
        delivery_.on_carried(carried, now_us());
    } else if (std::holds_alternative<exchange::StepReceive>(step)) {
        delivery_.on_receive_timeout(now_us());
    } else if (std::holds_alternative<exchange::StepClose>(step)) {
        delivery_.on_closed(now_us());
    } else if (const auto* settling = std::get_if<exchange::StepSettle>(&step)) {
        settle(settling->settlements);
    } else {
        return false;
    }
    return true;
}

void CarrierWorker::take() {
    {
        const std::lock_guard lock(mutex_);
        woken_ = false;  // whatever is queued from here on wakes us again
    }
    auto taken = exchange::take_outgoing(context_.store, *partner_, context_.clock.now_us(),
                                         {delivery_.drain_until(), context_.claims.get()});
    if (taken.has_error()) return delivery_.on_take_failed(context_.clock.now_us());
    if (context_.claims && *taken) claimed_ = (*taken)->id;
    delivery_.on_taken(std::move(*taken), context_.clock.now_us());
    if (claimed_ != 0 && claimed_ != delivery_.current_id())  // it may not go yet: nobody is told, nothing has changed
        context_.claims->release(std::exchange(claimed_, 0));
}

/// What is under way no more lets the next of its key go, on any lane.
void CarrierWorker::release_claim() {
    if (claimed_ == 0 || claimed_ == delivery_.current_id()) return;
    context_.claims->release(std::exchange(claimed_, 0));
    if (context_.next) context_.next();
}

void CarrierWorker::wait(std::int64_t until_us) {
    {
        std::unique_lock lock(mutex_);
        const auto left_us =
            std::clamp<std::int64_t>(until_us - context_.clock.now_us(), 0, std::int64_t{3'600'000'000});
        condition_.wait_for(lock, std::chrono::microseconds(left_us), [this] { return woken_; });
        woken_ = false;
    }
    follow_orders();
    delivery_.on_woken(context_.clock.now_us());
}

void CarrierWorker::settle(std::span<const exchange::Settlement> settlements) {
    // An answer with content is taken in before the delivery is settled: if the gateway goes down between the two, the
    // message is sent and answered again, and the answer has its effect once.
    for (const auto& each : settlements) {
        if (context_.inbox == nullptr || each.kind == exchange::Settlement::Kind::retry ||
            !exchange::says_more(each.answer))
            continue;
        const auto question = each.id == delivery_.current_id() ? delivery_.current()->message : std::string();
        context_.events.answered(
            *partner_,
            context_.inbox->accept_blocking(each.answer, {partner_->name, {}, nullptr, partner_->name, {}, question}));
    }
    std::size_t bytes = 256;
    for (const auto& each : settlements) bytes += each.answer.size();
    auto job = [copies = std::vector<exchange::Settlement>(settlements.begin(), settlements.end()),
                tasks = context_.tasks](storage::Transaction& transaction) -> storage::Result<void> {
        for (const auto& each : copies)
            if (auto done = exchange::settle_outgoing(transaction, each, tasks); done.has_error()) return done;
        return {};
    };
    const auto outcome = storage::transact_blocking(context_.store, std::move(job), bytes);
    if (outcome.has_error()) return delivery_.on_settle_failed(context_.clock.now_us());
    for (const auto& each : settlements) context_.events.settled(*partner_, each);
    delivery_.on_settled(context_.clock.now_us());
}

void CarrierWorker::publish() {
    const std::lock_guard lock(mutex_);
    status_.connected = delivery_.trouble() == std::nullopt;
    if (!order_) status_.paused = delivery_.paused();
    status_.halted = delivery_.halted();
    status_.draining = delivery_.drain_until() != 0;
    status_.trouble = delivery_.trouble();
    status_.counters = delivery_.counters();
}

CarrierWorker::Status CarrierWorker::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

}  // namespace causeway::carriers

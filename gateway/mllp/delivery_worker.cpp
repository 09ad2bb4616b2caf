#include "gateway/mllp/delivery_worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>
#include <utility>

#include "gateway/exchange/lanes.hpp"
#include "gateway/exchange/outbox.hpp"
#include "gateway/mllp/take_in.hpp"
#include "gateway/storage/async.hpp"

namespace causeway::mllp {
namespace {

using exchange::Outgoing;
using exchange::Settlement;

template <class T>
using StorageResult = storage::Result<T>;

exchange::Delivery::Random make_random() {
    return [engine = std::mt19937_64(std::random_device{}())]() mutable {
        return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
    };
}

net::awaitable<StorageResult<std::optional<Outgoing>>, net::thread_pool::executor_type> take_on_pool(
    storage::Store& store, std::shared_ptr<const exchange::Partner> partner, std::int64_t now_us,
    exchange::TakeLimits limits) {
    co_return exchange::take_outgoing(store, *partner, now_us, limits);
}

constexpr net::use_awaitable_t<Executor> use_awaitable{};

}  // namespace

DeliveryWorker::DeliveryWorker(net::io_context& io, std::shared_ptr<const exchange::Partner> partner, Context context)
    : partner_(std::move(partner)),
      context_(std::move(context)),
      strand_(net::make_strand(io)),
      delivery_(*partner_, make_random()),
      connection_(strand_, {.message_bytes_max = context_.answer_bytes_max,
                            .tls = context_.tls,
                            .release = partner_->mllp->release,
                            .unframed_answers = partner_->mllp->unframed_answers,
                            .keep_alive = context_.keep_alive}),
      timer_(strand_),
      patience_(strand_) {}

DeliveryWorker::~DeliveryWorker() = default;

void DeliveryWorker::start() {
    running_ = true;
    net::co_spawn(strand_, run(), [this](const std::exception_ptr& failure) { finished(failure); });
}

void DeliveryWorker::finished(const std::exception_ptr& failure) {
    connection_.close();
    running_ = false;
    if (failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& bug) {
            context_.events.worker_failed(*partner_, bug.what());
        } catch (...) {
            context_.events.worker_failed(*partner_, "unknown exception");
        }
    }
    patience_.cancel();
    if (claimed_ != 0) context_.claims->release(std::exchange(claimed_, 0));
    publish();
    if (const auto stopped = std::exchange(stopped_, nullptr)) stopped();
}

void DeliveryWorker::wake() {
    net::post(strand_, [this] {
        woken_ = true;
        timer_.cancel();
    });
}

void DeliveryWorker::settled_elsewhere(storage::OutboxId id) {
    net::post(strand_, [this, id] {
        const bool waiting = std::holds_alternative<exchange::StepReceive>(delivery_.step());
        if (!waiting || delivery_.current_id() != static_cast<std::uint64_t>(id)) return;
        settled_elsewhere_ = id;
        connection_.abort();
    });
}

void DeliveryWorker::follow(const exchange::QueueOrder& order) {
    net::post(strand_, [this, order] {
        delivery_.follow(order);
        woken_ = true;
        timer_.cancel();
    });
}

void DeliveryWorker::renumber(std::int64_t next) {
    net::post(strand_, [this, next] { delivery_.renumber(next); });
}

void DeliveryWorker::stop(std::chrono::milliseconds patience, std::function<void()> stopped) {
    net::post(strand_, [this, patience, stopped = std::move(stopped)]() mutable {
        if (!running_) return stopped();
        stopped_ = std::move(stopped);
        delivery_.stop();
        woken_ = true;
        timer_.cancel();
        patience_.expires_after(patience);
        patience_.async_wait([this](error_code error) {
            if (error || !running_) return;
            abandoned_ = true;
            connection_.abort();
            timer_.cancel();
        });
    });
}

std::chrono::steady_clock::time_point DeliveryWorker::steady(std::int64_t time_us) const {
    const auto left = std::chrono::microseconds(std::max<std::int64_t>(0, time_us - context_.clock.now_us()));
    return std::chrono::steady_clock::now() + left;
}

Awaitable<> DeliveryWorker::run() {
    while (!abandoned_) {
        const auto step = delivery_.step();
        if (std::holds_alternative<exchange::StepTake>(step)) {
            co_await take();
        } else if (const auto* waiting = std::get_if<exchange::StepWait>(&step)) {
            co_await wait(waiting->until_us);
        } else if (std::holds_alternative<exchange::StepConnect>(step)) {
            co_await connect();
        } else if (const auto* sending = std::get_if<exchange::StepSend>(&step)) {
            co_await send(sending->message);
        } else if (const auto* receiving = std::get_if<exchange::StepReceive>(&step)) {
            co_await receive(receiving->deadline_us);
        } else if (std::holds_alternative<exchange::StepClose>(step)) {
            connection_.close();
            delivery_.on_closed(context_.clock.now_us());
        } else if (const auto* settling = std::get_if<exchange::StepSettle>(&step)) {
            co_await settle(settling->settlements);
        } else {
            co_return;
        }
        release_claim();
        publish();
    }
}

Awaitable<> DeliveryWorker::take() {
    woken_ = false;  // whatever is queued from here on wakes us again
    const auto now_us = context_.clock.now_us();
    auto work = take_on_pool(context_.store, partner_, now_us, {delivery_.drain_until(), context_.claims.get()});
    auto taken = co_await net::co_spawn(context_.blocking.get_executor(), std::move(work), use_awaitable);
    if (taken.has_error()) {
        delivery_.on_take_failed(context_.clock.now_us());
    } else {
        if (context_.claims && *taken) claimed_ = (*taken)->id;
        delivery_.on_taken(std::move(*taken), context_.clock.now_us());
        if (claimed_ != 0 &&
            claimed_ != delivery_.current_id())  // it may not go yet: nobody is told, for nothing has changed
            context_.claims->release(std::exchange(claimed_, 0));
    }
}

/// What is under way no more lets the next of its key go, on any lane.
void DeliveryWorker::release_claim() {
    if (claimed_ == 0 || claimed_ == delivery_.current_id()) return;
    context_.claims->release(std::exchange(claimed_, 0));
    if (context_.next) context_.next();
}

Awaitable<> DeliveryWorker::wait(std::int64_t until_us) {
    if (!woken_ && !abandoned_) {
        if (until_us == exchange::Delivery::forever) {
            timer_.expires_at(std::chrono::steady_clock::time_point::max());
        } else {
            timer_.expires_at(steady(until_us));
        }
        co_await timer_.async_wait(as_result);
    }
    woken_ = false;
    delivery_.on_woken(context_.clock.now_us());
}

Awaitable<> DeliveryWorker::connect() {
    const auto& endpoint = *partner_->mllp;
    const auto error = co_await connection_.connect(endpoint.host, endpoint.port,
                                                    std::chrono::milliseconds(endpoint.connect_timeout_ms));
    if (error) {
        delivery_.on_connect_failed(context_.clock.now_us());
    } else {
        context_.events.connected(*partner_);
        delivery_.on_connected(context_.clock.now_us());
    }
}

Awaitable<> DeliveryWorker::send(std::string_view message) {
    const auto error = co_await connection_.send(message, std::chrono::milliseconds(partner_->mllp->answer_timeout_ms));
    if (error) {
        delivery_.on_connection_lost(context_.clock.now_us());
    } else {
        delivery_.on_sent(context_.clock.now_us());
    }
}

Awaitable<> DeliveryWorker::receive(std::int64_t deadline_us) {
    using Kind = SenderConnection::Received::Kind;
    const auto received = co_await connection_.receive(steady(deadline_us));
    const auto now_us = context_.clock.now_us();
    if (std::exchange(settled_elsewhere_, 0) != 0) co_return delivery_.on_settled_elsewhere(now_us);
    switch (received.kind) {
        case Kind::message:
            delivery_.on_received(received.message, now_us);
            if (auto stray = delivery_.take_stray()) co_await record_stray(std::move(*stray));
            break;
        case Kind::commit_ack:
        case Kind::commit_nak:
            delivery_.on_commit(received.kind == Kind::commit_ack, now_us);
            break;
        case Kind::timeout:
            delivery_.on_receive_timeout(now_us);
            break;
        case Kind::damaged:
            delivery_.on_received({}, now_us);
            break;
        case Kind::closed:
            delivery_.on_connection_lost(now_us);
            break;
    }
}

/// An answer with content is taken in like any message of the partner. Before the delivery is settled: if the gateway
/// goes down between the two, the message is sent and answered again, and the answer has its effect once.
Awaitable<bool> DeliveryWorker::take_in_answer(std::string answer, std::string question) {
    auto intake =
        context_.inbox->open(std::move(answer), {partner_->name, {}, nullptr, partner_->name, {}, std::move(question)});
    auto receipt = co_await take_in(std::move(intake), context_.store, context_.blocking, full_store_patience);
    context_.events.answered(*partner_, receipt);
    co_return receipt.outcome != exchange::Receipt::Outcome::not_stored;
}

Awaitable<> DeliveryWorker::settle(std::span<const Settlement> settlements) {
    std::size_t bytes = 256;
    for (const auto& each : settlements) {
        bytes += each.answer.size();
        if (context_.inbox == nullptr || each.kind == Settlement::Kind::retry || !exchange::says_more(each.answer))
            continue;
        std::string answer = each.answer;
        std::string question = each.id == delivery_.current_id() ? delivery_.current()->message : std::string();
        const bool kept = co_await take_in_answer(std::move(answer), std::move(question));
        if (!kept) co_return delivery_.on_settle_failed(context_.clock.now_us());
    }
    auto job = [copies = std::vector<Settlement>(settlements.begin(), settlements.end()),
                tasks = context_.tasks](storage::Transaction& transaction) -> StorageResult<void> {
        for (const auto& each : copies)
            if (auto done = exchange::settle_outgoing(transaction, each, tasks); done.has_error()) return done;
        return {};
    };
    const auto outcome = co_await storage::async_transact(context_.store, std::move(job), use_awaitable, bytes);
    if (outcome.has_error()) {
        delivery_.on_settle_failed(context_.clock.now_us());
    } else {
        for (const auto& each : settlements)
            if (each.kind != Settlement::Kind::numbered) context_.events.settled(*partner_, each);
        delivery_.on_settled(context_.clock.now_us());
    }
}

/// A failure to write it down loses nothing: the message is sent again, as if its late answer had not come.
Awaitable<> DeliveryWorker::record_stray(std::string answer) {
    const auto effect = std::make_shared<exchange::StrayAnswer>();
    const std::size_t bytes = 256 + answer.size();
    auto job = [effect, partner = partner_->name, answer = std::move(answer),
                tasks = context_.tasks](storage::Transaction& transaction) -> StorageResult<void> {
        const auto settled = exchange::settle_stray_answer(transaction, partner, answer, tasks);
        if (settled.has_error()) return settled.error();
        *effect = *settled;
        return {};
    };
    const auto outcome = co_await storage::async_transact(context_.store, std::move(job), use_awaitable, bytes);
    if (!outcome.has_error()) context_.events.stray_answer(*partner_, *effect);
}

void DeliveryWorker::publish() {
    const std::lock_guard lock(status_mutex_);
    status_ = {.connected = delivery_.connected(),
               .paused = delivery_.paused(),
               .halted = delivery_.halted(),
               .ended = !running_,
               .draining = delivery_.drain_until() != 0,
               .trouble = delivery_.trouble(),
               .counters = delivery_.counters()};
}

DeliveryWorker::Status DeliveryWorker::status() const {
    const std::lock_guard lock(status_mutex_);
    return status_;
}

}  // namespace causeway::mllp

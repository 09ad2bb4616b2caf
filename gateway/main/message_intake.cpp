#include "gateway/main/message_intake.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include "gateway/ops/clock.hpp"
#include "gateway/ops/log.hpp"
#include "gateway/storage/async.hpp"

namespace causeway {
namespace {

namespace net = boost::asio;
constexpr net::use_awaitable_t<mllp::Executor> resume_here{};

/// Runs the pure part of a message on the pool and comes back to the waiting executor.
mllp::Awaitable<> prepare(net::thread_pool& pool, std::shared_ptr<exchange::Intake> intake) {
    auto initiate = [&pool, intake](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        auto guard = net::make_work_guard(net::get_associated_executor(*shared));
        net::post(pool, [shared, guard, intake]() mutable {
            intake->prepare();
            auto executor = guard.get_executor();
            net::post(executor, [shared]() mutable { std::move (*shared)(); });
        });
    };
    co_await net::async_initiate<const net::use_awaitable_t<mllp::Executor>&, void()>(std::move(initiate), resume_here);
}

std::string_view name(exchange::Receipt::Outcome outcome) {
    switch (outcome) {
        case exchange::Receipt::Outcome::processed: return "processed";
        case exchange::Receipt::Outcome::held: return "held";
        case exchange::Receipt::Outcome::duplicate: return "duplicate";
        case exchange::Receipt::Outcome::failed: return "failed";
        case exchange::Receipt::Outcome::rejected: return "rejected";
        case exchange::Receipt::Outcome::not_stored: return "not_stored";
    }
    return "unknown";
}

}  // namespace

void MessageIntake::count(const exchange::Receipt& receipt, std::int64_t began_us) {
    const auto took_us = ops::SystemClock{}.steady_us() - began_us;
    metrics_.counter("causeway_messages_received_total", "HL7 v2 messages by what became of them", fmt::format("outcome=\"{}\"", name(receipt.outcome))).add();
    metrics_.histogram("causeway_message_seconds", "from a complete frame to its acknowledgement").observe_us(took_us);
    const std::initializer_list<ops::log::Field> fields = {{"id", receipt.id},           {"kind", receipt.kind},
                                                           {"partner", receipt.partner}, {"outcome", name(receipt.outcome)},
                                                           {"code", receipt.code},       {"resources", receipt.resources},
                                                           {"us", took_us},              {"note", receipt.note}};
    const bool good = receipt.outcome == exchange::Receipt::Outcome::processed || receipt.outcome == exchange::Receipt::Outcome::duplicate;
    ops::log::write(good ? ops::log::Level::info : ops::log::Level::warning, "message", fields);
}

mllp::Awaitable<mllp::Reply> MessageIntake::handle(std::string message, const mllp::SessionInfo& session) {
    const auto began_us = ops::SystemClock{}.steady_us();
    auto intake = inbox_.open(std::move(message), exchange::Arrival{session.listener, session.peer->address});
    co_await prepare(pool_, intake);
    const std::size_t bytes = intake->bytes();
    for (;;) {
        auto job = [intake](storage::Transaction& transaction) { return intake->run(transaction); };
        const storage::Result<void> outcome = co_await storage::async_transact(store_, std::move(job), resume_here, bytes);
        if (intake->conclude(outcome)) break;
    }
    exchange::Receipt receipt = std::move(*intake).receipt();
    count(receipt, began_us);
    mllp::Reply reply;
    reply.messages = std::move(receipt.replies);
    co_return reply;
}

}  // namespace causeway

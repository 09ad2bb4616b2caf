#include <doctest/doctest.h>

#include "gateway/exchange/retention.hpp"
#include "gateway/storage/memory/memory_store.hpp"

using namespace causeway;
using namespace causeway::exchange;
using storage::InboxState;
using storage::OutboxState;

namespace {

constexpr std::int64_t day = 86'400'000'000;

struct Bench {
    std::int64_t now_us = 1'772'000'000'000'000;
    std::unique_ptr<storage::Store> store =
        storage::make_memory_store({.now_us = [this] { return now_us; }, .fault = {}});
    PurgeCursor cursor;

    storage::InboxId receive(InboxState state) {
        storage::InboxMessage message;
        message.channel = "lab";
        message.raw = "MSH|";
        message.received_us = now_us;
        message.state = state;
        return *storage::transact_blocking(
            *store, [message](storage::Transaction& transaction) { return transaction.add_inbox(message); });
    }
    storage::OutboxId queue(storage::InboxId origin, OutboxState state) {
        storage::OutboxMessage message;
        message.partner = "hie";
        message.ordering_key = std::to_string(origin);
        message.origin = origin;
        message.payload = "MSH|";
        return *storage::transact_blocking(
            *store, [message, state](storage::Transaction& transaction) -> storage::Result<storage::OutboxId> {
                const auto id = transaction.enqueue(message);
                if (id.has_error()) return id.error();
                storage::Result<void> done;
                if (state == OutboxState::delivered) done = transaction.mark_delivered(*id, "AA");
                if (state == OutboxState::dead) done = transaction.mark_dead(*id, "AR", "rejected");
                if (state == OutboxState::cancelled) done = transaction.cancel(*id, "by an operator");
                if (done.has_error()) return done.error();
                return *id;
            });
    }
    bool has_in(storage::InboxId id) { return (*store->snapshot())->inbox(id)->has_value(); }
    bool has_out(storage::OutboxId id) { return (*store->snapshot())->outbox(id)->has_value(); }
};

}  // namespace

TEST_SUITE("gateway/exchange/retention") {
    TEST_CASE("a purge never takes what is undelivered, set aside, held or failed, nor what caused it") {
        Bench bench;
        const auto done = bench.receive(InboxState::processed);
        const auto delivered = bench.queue(done, OutboxState::delivered);
        const auto cancelled = bench.queue(done, OutboxState::cancelled);
        const auto waits = bench.receive(InboxState::processed);
        const auto waiting = bench.queue(waits, OutboxState::pending);
        const auto failed_there = bench.receive(InboxState::processed);
        const auto dead = bench.queue(failed_there, OutboxState::dead);
        const auto held = bench.receive(InboxState::received);
        const auto failed = bench.receive(InboxState::failed);
        const auto rejected = bench.receive(InboxState::rejected);
        bench.now_us += 40 * day;
        const auto young = bench.receive(InboxState::processed);
        const auto young_out = bench.queue(young, OutboxState::delivered);

        const auto report = purge_blocking(*bench.store, bench.now_us - 30 * day, bench.cursor);
        REQUIRE(report.has_value());
        CHECK(report->messages == 2);
        CHECK(report->deliveries == 2);
        CHECK_FALSE(bench.has_in(done));
        CHECK_FALSE(bench.has_in(rejected));
        CHECK_FALSE(bench.has_out(delivered));
        CHECK_FALSE(bench.has_out(cancelled));
        for (const auto id : {waits, failed_there, held, failed, young}) CHECK(bench.has_in(id));
        for (const auto id : {waiting, dead, young_out}) CHECK(bench.has_out(id));

        // the one that waited is delivered: a purge that begins anew takes it too
        REQUIRE(storage::transact_blocking(*bench.store, [waiting](storage::Transaction& transaction) {
                    return transaction.mark_delivered(waiting, "AA");
                }).has_value());
        PurgeCursor anew;
        REQUIRE(purge_blocking(*bench.store, bench.now_us + day, anew).has_value());
        CHECK_FALSE(bench.has_in(waits));
        CHECK(bench.has_in(held));
        CHECK(bench.has_out(dead));
        CHECK(bench.receive(InboxState::processed) > young);  // no id is given twice
    }
}

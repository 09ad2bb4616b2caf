#include <doctest/doctest.h>

#include <map>
#include <set>

#include "gateway/exchange/lanes.hpp"
#include "gateway/exchange/outbox.hpp"
#include "gateway/storage/memory/memory_store.hpp"
#include "tests/gateway/exchange/fixtures.hpp"

using namespace causeway;
using namespace causeway::exchange;
using causeway::exchange::tests::FakeClock;

namespace {

/// A queue in the store, and lanes that take from it by hand.
struct Queue {
    FakeClock clock;
    std::unique_ptr<storage::Store> store =
        storage::make_memory_store({.now_us = [this] { return clock.now_us(); }, .fault = {}});
    Claims claims;
    Partner partner;

    explicit Queue(std::uint32_t lanes) {
        partner.name = "lab";
        partner.mllp = MllpEndpoint{.host = "127.0.0.1", .port = 1};
        partner.lanes = lanes;
    }
    std::uint64_t add(const std::string& key, std::int64_t at_us = 0) {
        storage::OutboxMessage message;
        message.partner = "lab";
        message.ordering_key = key;
        message.payload = "MSH|";
        message.due_us = at_us;
        const auto id = storage::transact_blocking(
            *store, [&](storage::Transaction& transaction) { return transaction.enqueue(message); });
        REQUIRE(id.has_value());
        return static_cast<std::uint64_t>(*id);
    }
    void write(Settlement::Kind kind, std::uint64_t id, std::int64_t at_us = 0) {
        Settlement settlement;
        settlement.kind = kind;
        settlement.id = id;
        settlement.due_us = at_us;
        const auto done = storage::transact_blocking(
            *store, [&](storage::Transaction& transaction) { return settle_outgoing(transaction, settlement); });
        REQUIRE(done.has_value());
    }
    /// The row that a lane would take now; 0: none.
    std::uint64_t take(std::uint64_t last = 0, bool lanes = true) {
        const auto taken = take_outgoing(*store, partner, clock.now_us(), {last, lanes ? &claims : nullptr});
        REQUIRE(taken.has_value());
        due_us = *taken && (*taken)->message.empty() ? (*taken)->due_us : 0;
        return *taken ? (*taken)->id : 0;
    }
    std::int64_t due_us = 0;  ///< of the last take: when to look again
};

}  // namespace

TEST_SUITE("gateway/exchange/lanes") {
    TEST_CASE("lanes take different keys side by side, and one key in its order") {
        Queue queue(3);
        const auto a1 = queue.add("A"), a2 = queue.add("A"), b1 = queue.add("B");
        CHECK(queue.take() == a1);
        CHECK(queue.take() == b1);
        CHECK(queue.take() == 0);  // a2 waits for a1
        queue.write(Settlement::Kind::delivered, a1);
        CHECK(queue.take() == a2);
        queue.claims.release(a1);
        CHECK(queue.take() == 0);
        queue.write(Settlement::Kind::retry, b1, 0);
        CHECK(queue.take() == 0);  // still claimed by its lane
        queue.claims.release(b1);
        CHECK(queue.take() == b1);
    }

    TEST_CASE("any order of lanes delivers each message once, and each key in order") {
        std::uint64_t state = 42;
        const auto random = [&state](std::uint64_t below) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            return (state >> 33) % below;
        };
        for (int round = 0; round < 20; ++round) {
            Queue queue(4);
            std::map<std::uint64_t, std::string> key_of;
            for (int i = 0; i < 60; ++i) {
                const auto key = std::string(1, static_cast<char>('A' + random(6)));
                key_of.emplace(queue.add(key), key);
            }
            std::map<std::string, std::uint64_t> last;
            std::set<std::uint64_t> under_way;
            std::size_t delivered = 0;
            while (delivered < key_of.size()) {
                if (under_way.size() < 4 && random(2) == 0) {
                    if (const auto id = queue.take(); id != 0) {
                        REQUIRE(under_way.insert(id).second);
                        REQUIRE(last[key_of.at(id)] < id);
                    }
                    continue;
                }
                if (under_way.empty()) continue;
                const auto id = *std::next(under_way.begin(), static_cast<std::ptrdiff_t>(random(under_way.size())));
                if (random(4) == 0) {
                    queue.write(Settlement::Kind::retry, id, 0);
                } else {
                    queue.write(Settlement::Kind::delivered, id);
                    last[key_of.at(id)] = id;
                    ++delivered;
                }
                under_way.erase(id);
                queue.claims.release(id);
            }
            CHECK(queue.take() == 0);
        }
    }

    TEST_CASE("what still goes is found behind any number of newer messages, in the order of its key") {
        Queue queue(1);
        const auto first = queue.add("A"), second = queue.add("A");
        queue.write(Settlement::Kind::retry, first, queue.clock.us + 1'000'000);
        for (int i = 0; i < 200; ++i) queue.add("N" + std::to_string(i));
        CHECK(queue.take(second, false) == 0);
        CHECK(queue.due_us > queue.clock.us);
        queue.clock.us += 2'000'000;
        CHECK(queue.take(second, false) == first);
        queue.write(Settlement::Kind::delivered, first);
        CHECK(queue.take(second, false) == second);
        queue.write(Settlement::Kind::delivered, second);
        CHECK(queue.take(second, false) == 0);
        CHECK(queue.due_us == 0);
    }

    TEST_CASE("a queue that drains gives out what was there, waits for what is not due, and leaves what came later") {
        for (const bool lanes : {false, true}) {
            CAPTURE(lanes);
            Queue queue(lanes ? 2 : 1);
            const auto a = queue.add("A");
            const auto b = queue.add("B");
            const auto later = queue.add("C");
            CHECK(queue.take(b, lanes) == a);
            queue.write(Settlement::Kind::delivered, a);
            const auto at = queue.clock.us + 60'000'000;
            queue.write(Settlement::Kind::retry, b, at);
            CHECK(queue.take(b, lanes) == 0);
            CHECK(queue.due_us > queue.clock.us);
            queue.clock.us = at;
            CHECK(queue.take(b, lanes) == b);
            queue.write(Settlement::Kind::delivered, b);
            CHECK(queue.take(b, lanes) == 0);
            CHECK(queue.due_us == 0);  // nothing is left that goes
            CHECK(queue.take(0, lanes) == later);
        }
    }
}

#include "gateway/mllp/delivery_worker.hpp"

#include "gateway/mllp/stand_in.hpp"
#include "gateway/storage/memory/memory_store.hpp"
#include "tests/gateway/mllp/fixture.hpp"

using namespace causeway;
using namespace causeway::mllp;
using namespace causeway::mllp::test;
using std::chrono::milliseconds;

namespace {

/// A partner that notes the control ids it received, in order, and answers by a script.
class Lab final : public MessageHandler {
public:
    Lab(net::io_context& io, const std::string& script) : stand_in_(io, *ListenScript::parse(script), {}, {}) {}
    Awaitable<Reply> handle(std::string message, const SessionInfo& session) override {
        {
            const std::lock_guard lock(mutex_);
            const auto from = message.find("|T|") - 2;
            received_.push_back(message.substr(from, 2));
        }
        co_return co_await stand_in_.handle(std::move(message), session);
    }
    std::vector<std::string> received() const {
        const std::lock_guard lock(mutex_);
        return received_;
    }

private:
    StandIn stand_in_;
    mutable std::mutex mutex_;
    std::vector<std::string> received_;
};

struct Bench {
    std::unique_ptr<storage::Store> store = storage::make_memory_store();
    ops::SystemClock clock;
    DeliveryEvents events;
    net::thread_pool pool{1};
    Io io;
    std::unique_ptr<DeliveryWorker> worker;

    void start(std::uint16_t port) {
        auto partner = std::make_shared<exchange::Partner>();
        partner->name = "lab";
        partner->mllp = exchange::MllpEndpoint{
            .host = "127.0.0.1", .port = port, .connect_timeout_ms = 500, .answer_timeout_ms = 300};
        partner->retry.first_ms = 20;
        partner->retry.max_ms = 100;
        partner->retry.application_attempts_max = 2;
        worker =
            std::make_unique<DeliveryWorker>(io.context, partner, DeliveryWorker::Context{*store, clock, pool, events});
        worker->start();
    }
    ~Bench() {
        if (!worker) return;
        std::promise<void> stopped;
        worker->stop(milliseconds(1'000), [&] { stopped.set_value(); });
        CHECK(stopped.get_future().wait_for(milliseconds(5'000)) == std::future_status::ready);
    }
    storage::OutboxId enqueue(const std::string& control_id) {
        storage::OutboxMessage message;
        message.partner = "lab";
        message.control_id = control_id;
        message.payload =
            "MSH|^~\\&|CW|C|LIS|N|20260101||OML^O21^OML_O21|" + control_id + "|T|2.5.1\rORC|NW|" + control_id + "\r";
        const auto id = *storage::transact_blocking(
            *store, [message](storage::Transaction& transaction) { return transaction.enqueue(message); });
        if (worker) worker->wake();
        return id;
    }
    storage::OutboxState state(storage::OutboxId id) {
        auto snapshot = store->snapshot();
        return (*(*snapshot)->outbox(id))->state;
    }
};

}  // namespace

TEST_SUITE("gateway/mllp/delivery_worker") {
    TEST_CASE("delivers in order over a real connection and marks each row") {
        Io io;
        Lab lab(io.context, "");
        Listener listener(io.context, lab, {});
        Bench bench;
        const auto first = bench.enqueue("A1");  // waits since before the start
        bench.start(*listener.listen("127.0.0.1", 0));
        const auto second = bench.enqueue("A2");
        const auto third = bench.enqueue("A3");
        CHECK(eventually([&] { return bench.state(third) == storage::OutboxState::delivered; }));
        CHECK(bench.state(first) == storage::OutboxState::delivered);
        CHECK(bench.state(second) == storage::OutboxState::delivered);
        CHECK(lab.received() == std::vector<std::string>{"A1", "A2", "A3"});
        CHECK(bench.worker->status().counters.connects == 1);
        CHECK(stop_within(listener, milliseconds(5'000)));
    }

    TEST_CASE(
        "a late answer is never taken for the next message, and the late one is sent again with the same control id") {
        Io io;
        Lab lab(io.context, "on * times 1: delay 600ms; answer AA\non *: answer AA\n");
        Listener listener(io.context, lab, {});
        Bench bench;
        bench.start(*listener.listen("127.0.0.1", 0));
        const auto first = bench.enqueue("A1");
        const auto second = bench.enqueue("A2");
        CHECK(eventually([&] { return bench.state(second) == storage::OutboxState::delivered; }));
        CHECK(bench.state(first) == storage::OutboxState::delivered);
        CHECK(lab.received() == std::vector<std::string>{"A1", "A1", "A2"});
        CHECK(stop_within(listener, milliseconds(5'000)));
    }

    TEST_CASE("a partner that is down gets everything once it is up, once and in order") {
        std::uint16_t port = 0;
        {
            Io probe;
            Lab lab(probe.context, "");
            Listener listener(probe.context, lab, {});
            port = *listener.listen("127.0.0.1", 0);
            CHECK(stop_within(listener, milliseconds(5'000)));
        }
        Bench bench;
        bench.start(port);
        std::vector<storage::OutboxId> ids;
        for (const auto* id : {"A1", "A2", "A3", "A4"}) ids.push_back(bench.enqueue(id));
        CHECK(eventually([&] { return bench.worker->status().counters.failures[0] >= 3; }));
        Io io;
        Lab lab(io.context, "");
        Listener listener(io.context, lab, {});
        REQUIRE(listener.listen("127.0.0.1", port).has_value());
        CHECK(eventually([&] { return bench.state(ids.back()) == storage::OutboxState::delivered; }));
        CHECK(lab.received() == std::vector<std::string>{"A1", "A2", "A3", "A4"});
        CHECK(stop_within(listener, milliseconds(5'000)));
    }

    TEST_CASE("a refused message becomes a dead letter and the next one goes") {
        Io io;
        Lab lab(io.context,
                "on * where ORC-2 = A1: answer AR 207\non * where ORC-2 = A2: answer AE 103\non *: answer AA\n");
        Listener listener(io.context, lab, {});
        Bench bench;
        bench.start(*listener.listen("127.0.0.1", 0));
        const auto rejected = bench.enqueue("A1");
        const auto failing = bench.enqueue("A2");
        const auto good = bench.enqueue("A3");
        CHECK(eventually([&] { return bench.state(good) == storage::OutboxState::delivered; }));
        CHECK(bench.state(rejected) == storage::OutboxState::dead);
        CHECK(bench.state(failing) == storage::OutboxState::dead);
        auto snapshot = bench.store->snapshot();
        CHECK((*(*snapshot)->outbox(rejected))->note == "rejected: AR 207");
        CHECK((*(*snapshot)->outbox(failing))->note == "application: AE 103");
        CHECK(lab.received() == std::vector<std::string>{"A1", "A2", "A2", "A3"});
        CHECK(stop_within(listener, milliseconds(5'000)));
    }
}

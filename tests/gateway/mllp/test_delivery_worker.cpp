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

    void start(std::uint16_t port, exchange::AcknowledgementMode mode = exchange::AcknowledgementMode::original,
               const std::function<void(exchange::Partner&)>& adjust = {}) {
        auto partner = std::make_shared<exchange::Partner>();
        partner->acknowledgement = mode;
        partner->name = "lab";
        partner->mllp = exchange::MllpEndpoint{
            .host = "127.0.0.1", .port = port, .connect_timeout_ms = 500, .answer_timeout_ms = 300};
        partner->retry.first_ms = 20;
        partner->retry.max_ms = 100;
        partner->retry.application_attempts_max = 2;
        if (adjust) adjust(*partner);
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

    TEST_CASE("release 2: commit blocks go both ways around the acknowledgement") {
        Io io;
        Lab lab(io.context, "");
        Listener::Options options;
        options.release = 2;
        Listener listener(io.context, lab, options);
        Bench bench;
        bench.start(*listener.listen("127.0.0.1", 0), exchange::AcknowledgementMode::original,
                    [](exchange::Partner& partner) { partner.mllp->release = 2; });
        const auto first = bench.enqueue("A1");
        const auto second = bench.enqueue("A2");
        CHECK(eventually([&] { return bench.state(second) == storage::OutboxState::delivered; }));
        CHECK(bench.state(first) == storage::OutboxState::delivered);
        CHECK(bench.worker->status().counters.connects == 1);
        CHECK(stop_within(listener, milliseconds(5'000)));
    }

    TEST_CASE("acknowledgements without frame settle their messages where the partner is known for them") {
        Io io;
        Scripted handler;
        handler.answer = [](const std::string& message) {
            const auto id = message.find("|A1|") != std::string::npos ? "A1" : "A2";
            return Reply{{}, false, std::string("MSH|^~\\&|L|N|CW|C|2026||ACK|9|P|2.5.1\rMSA|AA|") + id + "\r"};
        };
        Listener listener(io.context, handler, {});
        Bench bench;
        bench.start(*listener.listen("127.0.0.1", 0), exchange::AcknowledgementMode::original,
                    [](exchange::Partner& partner) {
                        partner.mllp->unframed_answers = true;
                        partner.mllp->answer_timeout_ms = 10'000;  // as in life: more than the quiet time
                    });
        const auto first = bench.enqueue("A1");
        const auto second = bench.enqueue("A2");
        CHECK(eventually([&] { return bench.state(second) == storage::OutboxState::delivered; }));
        CHECK(bench.state(first) == storage::OutboxState::delivered);
        CHECK(bench.worker->status().counters.connects == 1);
        CHECK(stop_within(listener, milliseconds(5'000)));
    }

    TEST_CASE("what has waited goes as one batch, and its answer settles each message") {
        Io io;
        Scripted partner;
        std::atomic<int> batches = 0;
        partner.answer = [&](const std::string& message) {
            ++batches;
            CHECK(message.starts_with("BHS|"));
            CHECK(message.find("BTS|2\r") != std::string::npos);
            return Reply{{"BHS|^~\\&|LIS|N|CW|C|20260101||||7|BA1\rMSH|^~\\&|LIS|N|CW|C|20260101||ACK|1|P|2.5.1\r"
                          "MSA|AR|A2\rBTS|1\r"},
                         false,
                         {}};
        };
        Listener listener(io.context, partner, {});
        Bench bench;
        const auto in_lane = [&](const std::string& id) {
            storage::OutboxMessage message;
            message.partner = "lab";
            message.ordering_key = id;
            message.control_id = id;
            message.payload = "MSH|^~\\&|CW|C|LIS|N|20260101||ORU^R01^ORU_R01|" + id + "|P|2.5.1\rPID|1\r";
            return *storage::transact_blocking(
                *bench.store, [message](storage::Transaction& transaction) { return transaction.enqueue(message); });
        };
        const auto first = in_lane("A1"), second = in_lane("A2");
        bench.start(*listener.listen("127.0.0.1", 0), exchange::AcknowledgementMode::original,
                    [](exchange::Partner& to) { to.mllp->batch_messages_max = 10; });
        CHECK(eventually([&] { return bench.state(first) == storage::OutboxState::delivered; }));
        CHECK(bench.state(second) == storage::OutboxState::dead);
        CHECK(batches == 1);
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

    std::string answer(std::string_view code, std::string_view id) {
        return "MSH|^~\\&|LIS|N|CW|C|20260101||ACK|77|P|2.5.1\rMSA|" + std::string(code) + "|" + std::string(id) + "\r";
    }

    exchange::StrayAnswer settle_stray(Bench & bench, std::string_view code, std::string_view id) {
        return *storage::transact_blocking(*bench.store, [&](storage::Transaction& transaction) {
            return exchange::settle_stray_answer(transaction, "lab", answer(code, id));
        });
    }

    TEST_CASE(
        "an application acknowledgement that comes on another connection settles the message and frees the queue") {
        Io io;
        Lab lab(io.context, "on * where ORC-2 = A1: answer CA\non *: answer CA; answer AA\n");
        Listener listener(io.context, lab, {});
        Bench bench;
        bench.start(*listener.listen("127.0.0.1", 0), exchange::AcknowledgementMode::accept_and_application);
        const auto first = bench.enqueue("A1");
        const auto second = bench.enqueue("A2");
        REQUIRE(eventually([&] { return lab.received().size() == 1; }));
        std::this_thread::sleep_for(milliseconds(50));  // CA has come; the queue waits for AA
        CHECK(bench.state(second) == storage::OutboxState::pending);
        const auto settled = settle_stray(bench, "AA", "A1");
        CHECK(settled.effect == exchange::StrayAnswer::Effect::delivered);
        bench.worker->settled_elsewhere(settled.id);
        CHECK(eventually([&] { return bench.state(second) == storage::OutboxState::delivered; }));
        CHECK(bench.state(first) == storage::OutboxState::delivered);
        CHECK(lab.received() == std::vector<std::string>{"A1", "A2"});
        CHECK(stop_within(listener, milliseconds(5'000)));
    }

    TEST_CASE("an answer that comes apart changes only the message it names, by the state that one is in") {
        using Effect = exchange::StrayAnswer::Effect;
        Bench bench;  // nothing is sent
        const auto waiting = bench.enqueue("A1");
        const auto refused = bench.enqueue("A2");
        const auto other = bench.enqueue("A3");
        CHECK(settle_stray(bench, "AA", "ZZ").effect == Effect::unknown);
        CHECK(settle_stray(bench, "AA", "").effect == Effect::unknown);
        CHECK(settle_stray(bench, "AA", "A1").effect == Effect::delivered);
        CHECK(bench.state(waiting) == storage::OutboxState::delivered);
        CHECK(settle_stray(bench, "AA", "A1").effect == Effect::confirmed);
        CHECK(settle_stray(bench, "AE", "A1").effect == Effect::regretted);
        CHECK(bench.state(waiting) == storage::OutboxState::delivered);
        CHECK(settle_stray(bench, "AR", "A2").effect == Effect::parked);
        CHECK(bench.state(refused) == storage::OutboxState::dead);
        CHECK(bench.state(other) == storage::OutboxState::pending);
    }
}

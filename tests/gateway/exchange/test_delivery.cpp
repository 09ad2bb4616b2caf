#include <doctest/doctest.h>

#include <deque>

#include "gateway/exchange/delivery.hpp"

using namespace causeway::exchange;

namespace {

constexpr std::int64_t second = 1'000'000;

std::string ack(std::string_view code, std::string_view control_id, std::string_view error = {}) {
    std::string text = "MSH|^~\\&|LIS|N|CW|C|20260101||ACK^O21^ACK|a1|P|2.5.1\rMSA|" + std::string(code) + "|" +
                       std::string(control_id) + "\r";
    if (!error.empty()) text += "ERR||PID^1^3|" + std::string(error) + "|E\r";
    return text;
}

/// A Delivery with its outbox: performs take and settle at once, and leaves the wire to the test.
struct Bench {
    Partner partner;
    std::deque<Outgoing> queue;
    std::vector<Settlement> settled;
    std::int64_t now = 1'000 * second;
    Delivery delivery;

    explicit Bench(std::function<void(Partner&)> adjust = {})
        : partner(make(std::move(adjust))), delivery(partner, [] { return 0.0; }) {}

    static Partner make(std::function<void(Partner&)> adjust) {
        Partner partner;
        partner.name = "lab";
        partner.mllp = MllpEndpoint{.host = "127.0.0.1",
                                    .port = 1,
                                    .connect_timeout_ms = 1'000,
                                    .answer_timeout_ms = 5'000,
                                    .idle_close_ms = 60'000};
        partner.retry.jitter = 0;
        if (adjust) adjust(partner);
        return partner;
    }
    void queued(std::uint64_t id) {
        queue.push_back({.id = id, .control_id = "C" + std::to_string(id), .message = "MSH|" + std::to_string(id)});
        delivery.on_woken(now);
    }
    /// Runs take and settle until the wire or the clock is needed; returns that step.
    Step run() {
        for (;;) {
            const auto step = delivery.step();
            if (std::holds_alternative<StepTake>(step)) {
                delivery.on_taken(queue.empty() ? std::nullopt : std::optional(queue.front()), now);
            } else if (const auto* settle = std::get_if<StepSettle>(&step)) {
                settled.push_back(*settle->settlement);
                if (settled.back().kind == Settlement::Kind::retry) {
                    queue.front().attempts = settled.back().attempts;
                    queue.front().due_us = settled.back().due_us;
                } else {
                    queue.pop_front();
                }
                delivery.on_settled(now);
            } else {
                return step;
            }
        }
    }
    template <class T>
    bool wants() {
        return std::holds_alternative<T>(run());
    }
    /// Up to waiting for the answer.
    void send() {
        if (wants<StepConnect>()) delivery.on_connected(now);
        REQUIRE(wants<StepSend>());
        delivery.on_sent(now);
        REQUIRE(wants<StepReceive>());
    }
    void sleep_until_due() {
        const auto step = run();
        REQUIRE(std::holds_alternative<StepWait>(step));
        now = std::get<StepWait>(step).until_us;
        delivery.on_woken(now);
    }
};

}  // namespace

TEST_SUITE("gateway/exchange/delivery") {
    TEST_CASE("delivers in order over one connection and settles each before the next") {
        Bench bench;
        REQUIRE(bench.wants<StepWait>());
        bench.queued(1);
        bench.queued(2);
        bench.send();
        bench.delivery.on_received(ack("AA", "C1"), bench.now);
        REQUIRE(bench.wants<StepSend>());  // no second connect
        CHECK(std::get<StepSend>(bench.run()).message == "MSH|2");
        bench.delivery.on_sent(bench.now);
        bench.delivery.on_received(ack("AA", "C2"), bench.now);
        REQUIRE(bench.wants<StepWait>());
        REQUIRE(bench.settled.size() == 2);
        CHECK(bench.settled[0].id == 1);
        CHECK(bench.settled[0].kind == Settlement::Kind::delivered);
        CHECK(bench.settled[0].attempts == 1);
        CHECK(bench.settled[0].answer == ack("AA", "C1"));
        CHECK(bench.settled[1].id == 2);
        CHECK(bench.delivery.counters().connects == 1);
    }

    TEST_CASE("an idle connection is closed after its time") {
        Bench bench;
        bench.queued(1);
        bench.send();
        bench.delivery.on_received(ack("AA", "C1"), bench.now);
        const auto step = bench.run();
        REQUIRE(std::holds_alternative<StepWait>(step));
        CHECK(std::get<StepWait>(step).until_us == bench.now + 60 * second);
        bench.now += 60 * second;
        bench.delivery.on_woken(bench.now);
        REQUIRE(bench.wants<StepClose>());
        bench.delivery.on_closed(bench.now);
        CHECK(std::get<StepWait>(bench.run()).until_us == Delivery::forever);
    }

    TEST_CASE("a partner that cannot be reached is tried again with growing pauses and the message keeps its place") {
        Bench bench;
        bench.queued(1);
        bench.queued(2);
        std::vector<std::int64_t> pauses;
        for (int i = 0; i < 10; ++i) {
            REQUIRE(bench.wants<StepConnect>());
            bench.delivery.on_connect_failed(bench.now);
            const auto before = bench.now;
            bench.sleep_until_due();
            pauses.push_back((bench.now - before) / second);
        }
        CHECK(pauses == std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 64, 128, 256, 300});
        bench.send();
        bench.delivery.on_received(ack("AA", "C1"), bench.now);
        REQUIRE(bench.wants<StepSend>());
        CHECK(bench.settled.back().kind == Settlement::Kind::delivered);
        CHECK(bench.settled.back().id == 1);
        CHECK(bench.settled.back().attempts == 11);
    }

    TEST_CASE(
        "after a time-out the connection is closed before the message is sent again, so a late answer can reach "
        "nobody") {
        Bench bench;
        bench.queued(1);
        bench.send();
        bench.now = std::get<StepReceive>(bench.run()).deadline_us;
        bench.delivery.on_receive_timeout(bench.now);
        REQUIRE(bench.settled.empty());
        REQUIRE(bench.wants<StepClose>());
        bench.delivery.on_closed(bench.now);
        bench.sleep_until_due();
        REQUIRE(bench.settled.size() == 1);
        CHECK(bench.settled[0].kind == Settlement::Kind::retry);
        CHECK(bench.settled[0].failure == FailureClass::timeout);
        CHECK(bench.settled[0].reason == "no answer in 5000 ms");
        REQUIRE(bench.wants<StepConnect>());
        bench.delivery.on_connected(bench.now);
        CHECK(std::get<StepSend>(bench.run()).message == "MSH|1");
    }

    TEST_CASE("an answer to another message settles nothing") {
        Bench bench;
        bench.queued(1);
        bench.send();
        bench.delivery.on_received(ack("AA", "C0"), bench.now);
        bench.delivery.on_received(ack("AR", ""), bench.now);
        REQUIRE(bench.wants<StepReceive>());
        CHECK(bench.settled.empty());
        CHECK(bench.delivery.counters().late_answers == 2);
        bench.delivery.on_received(ack("AA", "C1"), bench.now);
        REQUIRE(bench.wants<StepWait>());
        CHECK(bench.settled.size() == 1);
    }

    TEST_CASE("a partner that answers only strangers is given up on and its connection closed") {
        Bench bench;
        bench.queued(1);
        bench.send();
        for (int i = 0; i < 16; ++i) bench.delivery.on_received(ack("AA", "X"), bench.now);
        REQUIRE(bench.wants<StepClose>());
        bench.delivery.on_closed(bench.now);
        REQUIRE(bench.wants<StepWait>());
        CHECK(bench.settled.at(0).failure == FailureClass::bad_answer);
    }

    TEST_CASE("each answer code leads where the policy says") {
        struct Row {
            std::string code;
            std::string error;
            Settlement::Kind kind;
            std::optional<FailureClass> failure;
            std::string reason;
        };
        const Row rows[] = {
            {"AA", "", Settlement::Kind::delivered, std::nullopt, ""},
            {"CA", "", Settlement::Kind::delivered, std::nullopt, ""},
            {"AE", "103", Settlement::Kind::retry, FailureClass::application, "AE 103"},
            {"CE", "", Settlement::Kind::retry, FailureClass::application, "CE"},
            {"XX", "", Settlement::Kind::retry, FailureClass::application, "??"},
            {"AR", "207", Settlement::Kind::parked, FailureClass::rejected, "AR 207"},
            {"CR", "", Settlement::Kind::parked, FailureClass::rejected, "CR"},
        };
        for (const auto& row : rows) {
            CAPTURE(row.code);
            Bench bench;
            bench.queued(1);
            bench.send();
            bench.delivery.on_received(ack(row.code, "C1", row.error), bench.now);
            bench.run();
            REQUIRE(bench.settled.size() == 1);
            CHECK(bench.settled[0].kind == row.kind);
            CHECK(bench.settled[0].failure == row.failure);
            CHECK(bench.settled[0].reason == row.reason);
            CHECK(bench.delivery.connected());  // a complete answer leaves the connection sound
        }
    }

    TEST_CASE("a message that is refused again and again is set aside and the next one goes") {
        Bench bench([](Partner& partner) { partner.retry.application_attempts_max = 3; });
        bench.queued(1);
        bench.queued(2);
        for (int i = 0; i < 3; ++i) {
            bench.send();
            bench.delivery.on_received(ack("AE", "C1"), bench.now);
            if (i < 2) bench.sleep_until_due();
        }
        REQUIRE(bench.wants<StepSend>());
        CHECK(std::get<StepSend>(bench.run()).message == "MSH|2");
        CHECK(bench.settled.back().kind == Settlement::Kind::parked);
        CHECK(bench.settled.back().attempts == 3);
        CHECK(bench.delivery.counters().parked == 1);
    }

    TEST_CASE("attempts are counted by class: a long outage does not use up the patience for an error") {
        Bench bench([](Partner& partner) { partner.retry.application_attempts_max = 2; });
        bench.queued(1);
        for (int i = 0; i < 5; ++i) {
            REQUIRE(bench.wants<StepConnect>());
            bench.delivery.on_connect_failed(bench.now);
            bench.sleep_until_due();
        }
        bench.send();
        bench.delivery.on_received(ack("AE", "C1"), bench.now);
        bench.sleep_until_due();
        CHECK(bench.settled.back().kind == Settlement::Kind::retry);
    }

    TEST_CASE("a queue that shall stop at a parked message waits for the operator") {
        Bench bench([](Partner& partner) { partner.retry.stop_when_parked = true; });
        bench.queued(1);
        bench.queued(2);
        bench.send();
        bench.delivery.on_received(ack("AR", "C1"), bench.now);
        REQUIRE(bench.wants<StepClose>());
        bench.delivery.on_closed(bench.now);
        CHECK(std::get<StepWait>(bench.run()).until_us == Delivery::forever);
        CHECK(bench.delivery.paused());
        bench.delivery.resume();
        bench.delivery.on_woken(bench.now);
        CHECK(bench.wants<StepConnect>());
    }

    TEST_CASE("a connection closed by the partner while idle costs the next message no attempt") {
        Bench bench;
        bench.queued(1);
        bench.send();
        bench.delivery.on_received(ack("AA", "C1"), bench.now);
        REQUIRE(bench.wants<StepWait>());
        bench.queued(2);
        bench.send();
        bench.delivery.on_connection_lost(bench.now);  // the old connection was dead
        REQUIRE(bench.wants<StepClose>());
        bench.delivery.on_closed(bench.now);
        bench.send();
        bench.delivery.on_received(ack("AA", "C2"), bench.now);
        bench.run();
        REQUIRE(bench.settled.size() == 2);
        CHECK(bench.settled[1].attempts == 1);
    }

    TEST_CASE("a connection lost under its first message is a failure, also when it keeps happening") {
        Bench bench;
        bench.queued(1);
        bench.send();
        bench.delivery.on_connection_lost(bench.now);
        REQUIRE(bench.wants<StepClose>());
        bench.delivery.on_closed(bench.now);
        bench.sleep_until_due();
        CHECK(bench.settled.at(0).failure == FailureClass::connection);
        CHECK(bench.wants<StepConnect>());
    }

    TEST_CASE("enhanced mode waits for the application acknowledgement after CA") {
        Bench bench([](Partner& partner) { partner.acknowledgement = AcknowledgementMode::accept_and_application; });
        bench.queued(1);
        bench.send();
        bench.delivery.on_received(ack("CA", "C1"), bench.now);
        const auto step = bench.run();
        REQUIRE(std::holds_alternative<StepReceive>(step));
        CHECK(std::get<StepReceive>(step).deadline_us == bench.now + 120 * second);
        SUBCASE("and is settled by it") {
            bench.delivery.on_received(ack("AA", "C1"), bench.now);
            bench.run();
            CHECK(bench.settled.at(0).kind == Settlement::Kind::delivered);
        }
        SUBCASE("and a refusal then is a refusal") {
            bench.delivery.on_received(ack("AR", "C1"), bench.now);
            bench.run();
            CHECK(bench.settled.at(0).kind == Settlement::Kind::parked);
        }
        SUBCASE("and its absence is a time-out") {
            bench.now += 120 * second;
            bench.delivery.on_receive_timeout(bench.now);
            REQUIRE(bench.wants<StepClose>());
        }
    }

    TEST_CASE("garbage for an answer closes the connection and counts") {
        Bench bench;
        bench.queued(1);
        bench.send();
        bench.delivery.on_received("HTTP/1.1 400 Bad Request", bench.now);
        REQUIRE(bench.wants<StepClose>());
        bench.delivery.on_closed(bench.now);
        bench.run();
        CHECK(bench.settled.at(0).failure == FailureClass::bad_answer);
    }

    TEST_CASE("nothing is sent while an outcome cannot be written down") {
        Bench bench;
        bench.queued(1);
        bench.queued(2);
        bench.send();
        bench.delivery.on_received(ack("AA", "C1"), bench.now);
        for (int i = 0; i < 3; ++i) {
            REQUIRE(std::holds_alternative<StepSettle>(bench.delivery.step()));
            bench.delivery.on_settle_failed(bench.now);
            const auto step = bench.delivery.step();
            REQUIRE(std::holds_alternative<StepWait>(step));
            bench.delivery.on_woken(bench.now);  // woken by a new message: the settlement still comes first
            REQUIRE(std::holds_alternative<StepWait>(bench.delivery.step()));
            bench.now = std::get<StepWait>(step).until_us;
            bench.delivery.on_woken(bench.now);
        }
        REQUIRE(bench.wants<StepSend>());
        REQUIRE(bench.settled.size() == 1);
        CHECK(bench.settled[0].kind == Settlement::Kind::delivered);
    }

    TEST_CASE("pause, resume and stop take effect between messages") {
        Bench bench;
        bench.queued(1);
        bench.queued(2);
        bench.send();
        bench.delivery.pause();
        bench.delivery.on_received(ack("AA", "C1"), bench.now);
        REQUIRE(bench.wants<StepClose>());
        bench.delivery.on_closed(bench.now);
        REQUIRE(bench.wants<StepWait>());
        CHECK(bench.settled.size() == 1);
        bench.delivery.resume();
        bench.delivery.on_woken(bench.now);
        bench.send();
        bench.delivery.stop();
        bench.delivery.on_received(ack("AA", "C2"), bench.now);
        REQUIRE(bench.wants<StepClose>());
        bench.delivery.on_closed(bench.now);
        CHECK(bench.wants<StepStop>());
        CHECK(bench.settled.size() == 2);
    }

    TEST_CASE("idle_close_ms 0 uses one connection per message") {
        Bench bench([](Partner& partner) { partner.mllp->idle_close_ms = 0; });
        bench.queued(1);
        bench.queued(2);
        bench.send();
        bench.delivery.on_received(ack("AA", "C1"), bench.now);
        REQUIRE(bench.wants<StepClose>());
        bench.delivery.on_closed(bench.now);
        bench.send();
        CHECK(bench.delivery.counters().connects == 2);
    }
}

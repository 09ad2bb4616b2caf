#include <doctest/doctest.h>

#include <algorithm>
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
    std::string link;  ///< as stored
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
                delivery.on_taken(take(), now);
            } else if (const auto* settle = std::get_if<StepSettle>(&step)) {
                for (const auto& each : settle->settlements) write_down(each);
                delivery.on_settled(now);
            } else {
                return step;
            }
        }
    }
    void write_down(const Settlement& settlement) {
        if (!settlement.link.empty()) link = settlement.link;
        if (settlement.kind == Settlement::Kind::numbered) return;
        settled.push_back(settlement);
        const auto row =
            std::find_if(queue.begin(), queue.end(), [&](const Outgoing& each) { return each.id == settlement.id; });
        if (row == queue.end()) return;
        if (settlement.kind == Settlement::Kind::retry) {
            row->attempts = settlement.attempts;
            row->due_us = settlement.due_us;
        } else {
            queue.erase(row);
        }
    }
    /// What waits, as the outbox gives it out.
    std::optional<Outgoing> take() const {
        if (queue.empty()) return std::nullopt;
        auto first = queue.front();
        for (std::size_t i = 1; i < queue.size() && i < partner.mllp->batch_messages_max; ++i)
            first.companions.push_back(queue[i]);
        first.link = link;
        return first;
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

    TEST_CASE("MSH-15 and MSH-16 of the message decide what is waited for") {
        const auto message = [](std::string_view asks) {
            return "MSH|^~\\&|CW|C|LIS|N|20260101||ACK^O21|C1|P|2.5.1|||" + std::string(asks) + "\rMSA|AA|X\r";
        };
        Bench bench([](Partner& partner) { partner.acknowledgement = AcknowledgementMode::accept_and_application; });
        SUBCASE("an acknowledgement of ours is settled by CA") {
            bench.queue.push_back({.id = 1, .control_id = "C1", .message = message("AL|NE")});
            bench.delivery.on_woken(bench.now);
            bench.send();
            bench.delivery.on_received(ack("CA", "C1"), bench.now);
            bench.run();
            CHECK(bench.settled.at(0).kind == Settlement::Kind::delivered);
        }
        SUBCASE("with ER silence says that all is well") {
            bench.queue.push_back({.id = 1, .control_id = "C1", .message = message("ER|NE")});
            bench.delivery.on_woken(bench.now);
            bench.send();
            bench.now += 5 * second;
            bench.delivery.on_receive_timeout(bench.now);
            bench.run();
            CHECK(bench.settled.at(0).kind == Settlement::Kind::delivered);
            CHECK(bench.settled.at(0).answer.empty());
        }
        SUBCASE("an AA that comes before its CA is the answer") {
            bench.queue.push_back({.id = 1, .control_id = "C1", .message = message("AL|AL")});
            bench.delivery.on_woken(bench.now);
            bench.send();
            bench.delivery.on_received(ack("AA", "C1"), bench.now);
            bench.run();
            CHECK(bench.settled.at(0).kind == Settlement::Kind::delivered);
        }
    }

    TEST_CASE("what waits travels as a batch, and each message is settled by its own answer") {
        Bench bench([](Partner& partner) { partner.mllp->batch_messages_max = 3; });
        for (const std::uint64_t id : {1U, 2U, 3U, 4U})
            bench.queue.push_back({.id = id,
                                   .control_id = "C" + std::to_string(id),
                                   .message = "MSH|^~\\&|" + std::to_string(id) + "\r"});
        bench.delivery.on_woken(bench.now);
        REQUIRE(bench.wants<StepConnect>());
        bench.delivery.on_connected(bench.now);
        const std::string sent(std::get<StepSend>(bench.run()).message);
        CHECK(sent == "BHS|^~\\&|CAUSEWAY||||||||BC1\rMSH|^~\\&|1\rMSH|^~\\&|2\rMSH|^~\\&|3\rBTS|3\r");
        bench.delivery.on_sent(bench.now);
        const auto batch = [](std::string_view inside, std::string_view reference = "BC1") {
            return "BHS|^~\\&|LIS||||||||7|" + std::string(reference) + "\r" + std::string(inside) + "BTS|9\r";
        };
        const auto count = [](std::string text, std::size_t messages) {
            return text.replace(text.find("BTS|9"), 5, "BTS|" + std::to_string(messages));
        };
        SUBCASE("only errors need to be named") {
            bench.delivery.on_received(count(batch(ack("AE", "C2", "103")), 1), bench.now);
            bench.run();
            REQUIRE(bench.settled.size() >= 3);
            CHECK(bench.settled[0].kind == Settlement::Kind::delivered);
            CHECK(bench.settled[1].kind == Settlement::Kind::retry);
            CHECK(bench.settled[1].reason == "AE 103");
            CHECK(bench.settled[2].kind == Settlement::Kind::delivered);
            CHECK(bench.queue.size() == 2);
        }
        SUBCASE("an empty batch accepts all") {
            bench.delivery.on_received(count(batch(""), 0), bench.now);
            bench.run();
            CHECK(bench.delivery.counters().delivered == 3);
        }
        SUBCASE("one acknowledgement may answer the whole") {
            bench.delivery.on_received(ack("AR", "BC1", "207"), bench.now);
            bench.run();
            CHECK(bench.delivery.counters().parked == 3);
        }
        SUBCASE("or each message by itself") {
            bench.delivery.on_received(ack("AA", "C3"), bench.now);
            bench.delivery.on_received(ack("AA", "C1"), bench.now);
            REQUIRE(bench.wants<StepReceive>());
            CHECK(bench.settled.empty());
            bench.delivery.on_received(ack("AR", "C2"), bench.now);
            bench.run();
            CHECK(bench.delivery.counters().delivered == 2);
            CHECK(bench.delivery.counters().parked == 1);
        }
        SUBCASE("an answer to another batch settles nothing") {
            bench.delivery.on_received(count(batch("", "BC9"), 0), bench.now);
            REQUIRE(bench.wants<StepReceive>());
            CHECK(bench.settled.empty());
        }
        SUBCASE("one whose count is wrong neither") {
            bench.delivery.on_received(batch(ack("AE", "C2")), bench.now);
            REQUIRE(bench.wants<StepReceive>());
            CHECK(bench.settled.empty());
        }
        SUBCASE("silence fails them all, and they keep their places") {
            bench.now += 5 * second;
            bench.delivery.on_receive_timeout(bench.now);
            REQUIRE(bench.wants<StepClose>());
            bench.delivery.on_closed(bench.now);
            bench.sleep_until_due();
            CHECK(bench.settled.size() == 3);
            REQUIRE(bench.wants<StepConnect>());
            bench.delivery.on_connected(bench.now);
            CHECK(std::get<StepSend>(bench.run()).message == sent);
        }
    }

    TEST_CASE("numbered messages: the sides agree first, and a lost answer is neither repeated nor forgotten") {
        Bench bench([](Partner& partner) { partner.sequence_numbers_sent = true; });
        const auto field = [&](std::size_t n) {
            auto text = std::string(std::get<StepSend>(bench.run()).message);
            text = text.substr(0, text.find('\r'));
            for (std::size_t i = 1; i < n; ++i) text = text.substr(std::min(text.size(), text.find('|') + 1));
            return text.substr(0, text.find('|'));
        };
        const auto answer = [&](std::string_view code, std::string control_id, std::string_view number) {
            bench.delivery.on_received("MSH|^~\\&|LIS|N|CW|C|20260101||ACK|a1|P|2.5.1\rMSA|" + std::string(code) + "|" +
                                           control_id + "||" + std::string(number) + "\r",
                                       bench.now);
        };
        const auto queue = [&](std::uint64_t id) {
            bench.queue.push_back(
                {.id = id,
                 .control_id = "C" + std::to_string(id),
                 .message = "MSH|^~\\&|CW|C|LIS|N|20260101||ORU^R01|C" + std::to_string(id) + "|P|2.5.1\rPID|1\r"});
            bench.delivery.on_woken(bench.now);
        };
        // the first connection begins with the question
        queue(1);
        REQUIRE(bench.wants<StepConnect>());
        bench.delivery.on_connected(bench.now);
        CHECK(field(13) == "0");
        CHECK(std::get<StepSend>(bench.run()).message.find("PID") == std::string_view::npos);
        auto question = field(10);
        CHECK(question != "C1");
        bench.delivery.on_sent(bench.now);
        answer("AA", question, "-1");
        // the number is written down before the message goes
        CHECK(field(13) == "1");
        CHECK(field(10) == "C1");
        CHECK(bench.link == "running 1 1 1");
        bench.delivery.on_sent(bench.now);
        answer("AA", "C1", "1");
        REQUIRE(bench.wants<StepWait>());
        CHECK(bench.settled.at(0).kind == Settlement::Kind::delivered);
        CHECK(bench.link == "running 2 0 1");

        // the answer to number 2 is lost; the partner had it
        queue(2);
        CHECK(field(13) == "2");
        bench.delivery.on_sent(bench.now);
        bench.now += 5 * second;
        bench.delivery.on_receive_timeout(bench.now);
        REQUIRE(bench.wants<StepClose>());
        bench.delivery.on_closed(bench.now);
        bench.sleep_until_due();
        REQUIRE(bench.wants<StepConnect>());
        bench.delivery.on_connected(bench.now);
        CHECK(field(13) == "0");
        question = field(10);
        bench.delivery.on_sent(bench.now);
        SUBCASE("it says so: delivered without being sent again") {
            answer("AA", question, "3");
            REQUIRE(bench.wants<StepWait>());
            CHECK(bench.settled.back().kind == Settlement::Kind::delivered);
            CHECK(bench.settled.back().id == 2);
            CHECK(bench.queue.empty());
            CHECK(bench.link == "running 3 0 2");
        }
        SUBCASE("it wants it: sent again with its number") {
            answer("AA", question, "2");
            CHECK(field(13) == "2");
            bench.delivery.on_sent(bench.now);
            answer("AE", "C2", "2");  // accepted as a number, refused as a message: the next attempt has a new number
            bench.sleep_until_due();
            CHECK(field(13) == "3");
        }
        SUBCASE("another message goes first: the one under way is settled before it") {
            bench.queue.push_front(
                {.id = 3, .control_id = "C3", .message = "MSH|^~\\&|CW|C|LIS|N|20260101||ORU|C3|P|2.5.1\r"});
            answer("AA", question, "3");
            CHECK(field(13) == "3");
            CHECK(field(10) == "C3");
            CHECK(bench.settled.back().id == 2);
            CHECK(bench.settled.back().kind == Settlement::Kind::delivered);
        }
        SUBCASE("the sides disagree: the queue waits for the operator, whose word makes our number the base") {
            answer("AA", question, "17");
            REQUIRE(bench.wants<StepClose>());
            bench.delivery.on_closed(bench.now);
            REQUIRE(bench.wants<StepWait>());
            CHECK(bench.delivery.paused());
            CHECK(bench.settled.back().reason == "the sequence numbers disagree, ours is 2");
            CHECK(bench.link.starts_with("frozen 2"));
            bench.now += 60 * second;
            bench.delivery.resume();
            bench.delivery.on_woken(bench.now);
            REQUIRE(bench.wants<StepConnect>());
            bench.delivery.on_connected(bench.now);
            CHECK(field(13) == "-1");
            question = field(10);
            bench.delivery.on_sent(bench.now);
            answer("AA", question, "-1");
            CHECK(field(13) == "2");
        }
        SUBCASE("a restart remembers") {
            Bench after([](Partner& partner) { partner.sequence_numbers_sent = true; });
            after.link = "frozen 9 1 4";
            after.queue = bench.queue;
            after.now = bench.now + 60 * second;
            REQUIRE(after.wants<StepWait>());
            CHECK(after.delivery.paused());
        }
    }

    TEST_CASE("a queue that drains sends what is left, then it is paused until an operator lets it run") {
        Bench bench;
        bench.queued(1);
        bench.delivery.follow({QueueOrder::Verb::drain, 1});
        CHECK(bench.delivery.drain_until() == 1);
        bench.send();
        CHECK_FALSE(bench.delivery.paused());
        bench.delivery.on_received(ack("AA", "C1"), bench.now);
        bench.run();  // nothing up to the last one is left: the outbox gives out nothing
        REQUIRE(bench.wants<StepClose>());
        bench.delivery.on_closed(bench.now);
        CHECK(bench.delivery.paused());
        CHECK(bench.delivery.drain_until() == 0);
        bench.queued(2);
        REQUIRE(bench.wants<StepWait>());
        bench.delivery.follow({QueueOrder::Verb::run});
        bench.delivery.on_woken(bench.now);
        CHECK(bench.wants<StepConnect>());
    }

    TEST_CASE("an empty queue that is told to drain is paused at once, and pausing ends a drain") {
        Bench bench;
        bench.delivery.follow({QueueOrder::Verb::drain, 0});
        CHECK(bench.delivery.paused());
        bench.delivery.follow({QueueOrder::Verb::drain, 7});
        CHECK_FALSE(bench.delivery.paused());
        bench.delivery.follow({QueueOrder::Verb::pause});
        CHECK(bench.delivery.paused());
        CHECK(bench.delivery.drain_until() == 0);
    }

    TEST_CASE("numbered messages: an operator sets the number of a halted queue, and the sides agree on it") {
        Bench bench([](Partner& partner) { partner.sequence_numbers_sent = true; });
        bench.queue.push_back(
            {.id = 1, .control_id = "C1", .message = "MSH|^~\\&|CW|C|LIS|N|20260101||ORU^R01|C1|P|2.5.1\rPID|1\r"});
        bench.delivery.on_woken(bench.now);
        REQUIRE(bench.wants<StepConnect>());
        bench.delivery.renumber(50);  // not halted: nothing happens
        CHECK_FALSE(bench.delivery.halted());
        bench.delivery.follow({QueueOrder::Verb::pause});
        bench.delivery.on_connect_failed(bench.now);
        REQUIRE(bench.wants<StepWait>());
        CHECK(bench.delivery.halted());
        bench.delivery.renumber(17);
        bench.delivery.follow({QueueOrder::Verb::run});
        bench.now += 600 * second;
        bench.delivery.on_woken(bench.now);
        REQUIRE(bench.wants<StepConnect>());
        bench.delivery.on_connected(bench.now);
        const std::string question(std::get<StepSend>(bench.run()).message);
        const auto asked =
            causeway::hl7v2::MessageView::parse(std::string_view(question), {{}, causeway::hl7v2::Tolerances::all()});
        CHECK(asked->segment("MSH").at({13}).is("0"));
        bench.delivery.on_sent(bench.now);
        bench.delivery.on_received(
            "MSH|^~\\&|LIS|N|CW|C|20260101||ACK|a1|P|2.5.1\rMSA|AA|" + std::string(asked->control_id()) + "||17\r",
            bench.now);
        const std::string sent(std::get<StepSend>(bench.run()).message);
        const auto first =
            causeway::hl7v2::MessageView::parse(std::string_view(sent), {{}, causeway::hl7v2::Tolerances::all()});
        CHECK(first->control_id() == "C1");
        CHECK(first->segment("MSH").at({13}).is("17"));
    }

    TEST_CASE("a time at which something comes due is no message, also if it has come when it is told") {
        Bench bench;
        Outgoing later;
        later.due_us = bench.now - 1;
        bench.delivery.on_woken(bench.now);
        REQUIRE(std::holds_alternative<StepTake>(bench.delivery.step()));
        bench.delivery.on_taken(later, bench.now);
        CHECK(std::holds_alternative<StepTake>(bench.delivery.step()));
        later.due_us = bench.now + second;
        bench.delivery.on_taken(later, bench.now);
        const auto step = bench.delivery.step();
        REQUIRE(std::holds_alternative<StepWait>(step));
        CHECK(std::get<StepWait>(step).until_us == later.due_us);
    }

    TEST_CASE("MLLP release 2: the commit block comes first, and a NAK sends the message again") {
        Bench bench([](Partner& partner) { partner.mllp->release = 2; });
        bench.queued(1);
        bench.send();
        SUBCASE("then the acknowledgement") {
            bench.delivery.on_commit(true, bench.now);
            REQUIRE(bench.wants<StepReceive>());
            bench.delivery.on_received(ack("AA", "C1"), bench.now);
            bench.run();
            CHECK(bench.settled.at(0).kind == Settlement::Kind::delivered);
        }
        SUBCASE("refused") {
            bench.delivery.on_commit(false, bench.now);
            REQUIRE(bench.wants<StepClose>());
            bench.delivery.on_closed(bench.now);
            bench.run();
            CHECK(bench.settled.at(0).kind == Settlement::Kind::retry);
            CHECK(bench.settled.at(0).reason == "NAK");
        }
    }

    TEST_CASE("MLLP release 2: a message that asks for no answer is settled by its commit block") {
        Bench bench([](Partner& partner) {
            partner.mllp->release = 2;
            partner.acknowledgement = AcknowledgementMode::none;
        });
        bench.queued(1);
        bench.send();
        CHECK(bench.settled.empty());
        bench.delivery.on_commit(true, bench.now);
        bench.run();
        CHECK(bench.settled.at(0).kind == Settlement::Kind::delivered);
    }
}

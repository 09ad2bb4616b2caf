#include <doctest/doctest.h>

#include "hl7v2/message.hpp"
#include "hl7v2/sequence.hpp"

using namespace causeway::hl7v2;
using namespace causeway::hl7v2::sequence;

TEST_SUITE("hl7v2/sequence") {
    using Did = ReceiverStep::Action;
    using Does = SenderStep::Action;
    using Phase = SenderState::Phase;

    TEST_CASE("MSH-13 is a number or nothing") {
        CHECK(parse("17") == 17);
        CHECK(parse("0") == 0);
        CHECK(parse("-1") == -1);
        CHECK(parse("2000000000") == number_max);
        for (const std::string_view bad :
             {"", "\"\"", "-2", "2000000001", "1.5", " 1", "1 ", "x", "99999999999999999999"}) {
            CAPTURE(bad);
            CHECK_FALSE(parse(bad));
        }
        const auto message = Message::parse("MSH|^~\\&|A||B||2024||ADT^A01|1|P|2.5.1|42\r");
        REQUIRE(message.has_value());
        CHECK(read(message->view()) == 42);
    }

    TEST_CASE("the receiver, by what it has and what comes") {
        struct Row {
            std::optional<std::int64_t> last, number;
            Did action;
            std::optional<std::int64_t> expected, last_after;
        };
        for (const Row& row : {
                 Row{7, std::nullopt, Did::not_in_use, std::nullopt, 7},
                 Row{std::nullopt, 0, Did::header_only, -1, std::nullopt},  // no history
                 Row{7, 0, Did::header_only, 8, 7},
                 Row{number_max, 0, Did::header_only, 1, number_max},
                 Row{std::nullopt, 5, Did::process, 5, 5},  // the first number is the base
                 Row{7, 8, Did::process, 8, 8},             // echoed
                 Row{7, 7, Did::repeat, 8, 7},              // our acknowledgement was lost
                 Row{7, 6, Did::refuse, 8, 7},
                 Row{7, 9, Did::refuse, 8, 7},
                 Row{7, 1, Did::refuse, 8, 7},
                 Row{number_max, 1, Did::process, 1, 1},  // wraps
                 Row{7, -1, Did::header_only, -1, std::nullopt},
                 Row{std::nullopt, -1, Did::header_only, -1, std::nullopt},
             }) {
            CAPTURE(row.last.value_or(-99));
            CAPTURE(row.number.value_or(-99));
            const ReceiverStep step = receive({row.last}, row.number);
            CHECK(step.action == row.action);
            CHECK(step.expected == row.expected);
            CHECK(step.next.last == row.last_after);
        }
    }

    TEST_CASE("the sender, by its phase and the answer") {
        struct Row {
            Phase phase;
            std::int64_t next;
            std::optional<std::int64_t> expected;
            std::int64_t oldest;
            Does action;
            Phase phase_after;
            std::int64_t next_after;
        };
        for (const Row& row : {
                 Row{Phase::starting, 5, -1, 5, Does::send, Phase::running, 5},  // no history: our number is the base
                 Row{Phase::starting, 5, 5, 5, Does::send, Phase::running, 5},
                 Row{Phase::starting, 5, 3, 2, Does::send, Phase::running, 3},   // messages 3 and 4 go again
                 Row{Phase::starting, 5, 3, 4, Does::freeze, Phase::frozen, 5},  // 3 is no longer there
                 Row{Phase::starting, 5, 6, 4, Does::freeze, Phase::frozen, 5},  // the receiver has more than we sent
                 Row{Phase::starting, 5, std::nullopt, 5, Does::freeze, Phase::frozen, 5},
                 Row{Phase::starting, 2, number_max, number_max - 1, Does::send, Phase::running, number_max},
                 Row{Phase::running, 5, 5, 5, Does::settled, Phase::running, 6},
                 Row{Phase::running, number_max, number_max, 5, Does::settled, Phase::running, 1},
                 Row{Phase::running, 5, 6, 5, Does::settled_before, Phase::running, 6},
                 Row{Phase::running, 5, 7, 5, Does::freeze, Phase::frozen, 5},
                 Row{Phase::running, 5, 4, 5, Does::freeze, Phase::frozen, 5},
                 Row{Phase::running, 5, std::nullopt, 5, Does::freeze, Phase::frozen, 5},
                 Row{Phase::resyncing, 5, -1, 5, Does::send, Phase::running, 5},
                 Row{Phase::resyncing, 5, 3, 5, Does::freeze, Phase::frozen, 5},
                 Row{Phase::frozen, 5, 5, 5, Does::freeze, Phase::frozen, 5},
                 Row{Phase::idle, 5, 5, 5, Does::freeze, Phase::frozen, 5},
             }) {
            CAPTURE(static_cast<int>(row.phase));
            CAPTURE(row.expected.value_or(-99));
            const SenderStep step = answered({row.phase, row.next}, row.expected, row.oldest);
            CHECK(step.action == row.action);
            CHECK(step.next.phase == row.phase_after);
            CHECK(step.next.next == row.next_after);
        }
    }

    TEST_CASE("a link that starts anew learns that the message under way had arrived") {
        const SenderState before = sending({Phase::running, 5});
        const SenderStep step = answered(start(before), 6, 5);
        CHECK(step.action == Does::settled_before);
        CHECK(step.next == SenderState{Phase::running, 6});
        CHECK(answered(start({Phase::running, 5}), 6, 5).action == Does::freeze);  // never sent: the sides disagree
    }

    // Messages and answers get lost, both ends restart from what they kept: nothing is processed twice or skipped.
    TEST_CASE("two ends stay in step over a lossy link") {
        std::uint32_t random = 1;
        const auto lost = [&random] {
            random = random * 1664525U + 1013904223U;
            return (random >> 16U) % 4 == 0;
        };
        SenderState sender{Phase::idle, number_max - 20};  // wraps on the way
        ReceiverState receiver;
        std::int64_t oldest = sender.next;
        std::vector<std::int64_t> processed;
        for (int exchanges = 0; processed.size() < 200 && exchanges < 5000; ++exchanges) {
            const bool restart = exchanges % 37 == 0;
            if (sender.phase == Phase::idle || restart) sender = start(sender);
            REQUIRE(sender.phase != Phase::frozen);
            if (sender.phase == Phase::running) sender = sending(sender);
            const std::int64_t number = sender.phase == Phase::starting ? start_link : sender.next;
            if (lost()) continue;
            const ReceiverStep step = receive(receiver, number);
            receiver = step.next;
            REQUIRE(step.action != Did::refuse);
            if (step.action == Did::process) processed.push_back(number);
            if (lost()) continue;
            const SenderStep next = answered(sender, step.expected, oldest);
            REQUIRE(next.action != Does::freeze);
            sender = next.next;
            oldest = sender.next;
        }
        REQUIRE(processed.size() == 200);
        for (std::size_t i = 1; i < processed.size(); ++i) CHECK(processed[i] == after(processed[i - 1]));
    }
}

#include <doctest/doctest.h>

#include "hl7v2/continuation.hpp"
#include "hl7v2/message.hpp"

using namespace causeway::hl7v2;

namespace {

Message parse(std::string bytes) {
    auto message = Message::parse(std::move(bytes));
    REQUIRE(message.has_value());
    return std::move(*message);
}

/// A fragment: control id, MSH-14, and what stands after MSH.
std::string fragment_text(std::string_view id, std::string_view from, std::string_view body) {
    return std::string("MSH|^~\\&|A||B||2024||ORU^R01|")
        .append(id)
        .append("|P|2.5.1||")
        .append(from)
        .append("\r")
        .append(body);
}

Continuation continuation_of(const std::string& bytes) {
    const Message message = parse(bytes);
    return continuation(message.view());
}

using Outcome = Reassembly::Outcome;

Reassembly::Step take(Reassembly& reassembly, const std::string& bytes, std::int64_t now_ms = 0) {
    const Message message = parse(bytes);
    return reassembly.take(message.view(), now_ms);
}

}  // namespace

TEST_SUITE("hl7v2/continuation") {
    TEST_CASE("ADD continues the segment before it, anywhere in it") {
        const Message message =
            parse("MSH|^~\\&|A\rOBX|1|TX|C||first \nADD|second|\r\nADD|third||||F\rNTE|1\rADD\rZZZ|1\rADD|^2");
        CHECK(has_addenda(message.view()));
        CHECK(join_addenda(message.view()) == "MSH|^~\\&|A\rOBX|1|TX|C||first second|third||||F\rNTE|1\rZZZ|1^2");
        const Message joined = parse(join_addenda(message.view()));
        CHECK_FALSE(has_addenda(joined.view()));
    }

    TEST_CASE("without ADD nothing changes") {
        for (const std::string bytes : {"MSH|^~\\&|A\r\n PID|1\r\r", "MSH|^~\\&|A\rADD|x\rPID|1\r"}) {
            const Message message = parse(bytes);
            CHECK_FALSE(has_addenda(message.view()));
            CHECK(join_addenda(message.view()) == bytes);
        }
    }

    TEST_CASE("what a message continues and how it goes on") {
        CHECK_FALSE(continuation_of(fragment_text("1", "", "PID|1\r")).fragment());
        const Continuation first = continuation_of(fragment_text("1", "", "PID|1\rDSC|P1|F\r"));
        CHECK(first.fragment());
        CHECK(first.to == "P1");
        CHECK(continuation_of(fragment_text("1", "P1", "PID|1\r")).from == "P1");
        CHECK_FALSE(continuation_of(fragment_text("1", "", "PID|1\rDSC|P1|I\r")).fragment());
        CHECK_FALSE(continuation_of(fragment_text("1", "", "MSA|AA|1\rDSC|P1\r")).fragment());
        CHECK(continuation_of(fragment_text("1", "", "PID|1\rDSC|P1\r")).fragment());
    }

    TEST_CASE("fragments are put together, cut at a segment or inside one") {
        Reassembly reassembly;
        CHECK(take(reassembly, fragment_text("0", "", "PID|1\r")).outcome == Outcome::whole);
        CHECK(take(reassembly, fragment_text("1", "", "PID|1\rOBX|1|TX|C||be\rADD\rDSC|P1|F\r")).outcome ==
              Outcome::kept);
        CHECK(take(reassembly, fragment_text("2", "P1", "ADD|fore\rADD| noon||||F\rDSC|P2|F\r")).outcome ==
              Outcome::kept);
        REQUIRE(reassembly.unfinished().size() == 1);
        CHECK(reassembly.unfinished()[0].pointer == "P2");
        CHECK(reassembly.unfinished()[0].fragments == 2);
        CHECK(reassembly.unfinished()[0].first_control_id == "1");
        const auto last = take(reassembly, fragment_text("3", "P2", "NTE|1\r"));
        CHECK(last.outcome == Outcome::complete);
        CHECK(last.fragments == 3);
        CHECK(last.message == fragment_text("1", "", "PID|1\rOBX|1|TX|C||before noon||||F\rNTE|1\r"));
        CHECK(reassembly.unfinished().empty());
    }

    TEST_CASE("chains of one sender do not mix, repeats are known, strangers refused") {
        Reassembly reassembly;
        const std::string a1 = fragment_text("1", "", "PID|a\rDSC|A|F\r");
        CHECK(take(reassembly, a1).outcome == Outcome::kept);
        CHECK(take(reassembly, a1).outcome == Outcome::repeated);
        CHECK(take(reassembly, fragment_text("2", "", "PID|b\rDSC|B|F\r")).outcome == Outcome::kept);
        CHECK(take(reassembly, fragment_text("3", "", "PID|c\rDSC|A|F\r")).outcome == Outcome::pointer_in_use);
        CHECK(take(reassembly, fragment_text("4", "X", "NTE|1\r")).outcome == Outcome::unknown_pointer);
        const std::string a2 = fragment_text("5", "A", "NTE|1\rDSC|A2|F\r");
        CHECK(take(reassembly, a2).outcome == Outcome::kept);
        CHECK(take(reassembly, a2).outcome == Outcome::repeated);
        CHECK(take(reassembly, fragment_text("6", "A2", "NTE|2\rDSC|B|F\r")).outcome == Outcome::pointer_in_use);
        CHECK(take(reassembly, "MSH#^~\\&#A##B##2024##ORU^R01#7#P#2.5.1##B\rNTE#1\r").outcome ==
              Outcome::other_delimiters);
        CHECK(take(reassembly, fragment_text("8", "B", "NTE|9\r")).message == fragment_text("2", "", "PID|b\rNTE|9\r"));
        CHECK(take(reassembly, fragment_text("9", "A2", "NTE|2\r")).message ==
              fragment_text("1", "", "PID|a\rNTE|1\rNTE|2\r"));
    }

    TEST_CASE("what is never finished is dropped, and said") {
        Reassembly reassembly;
        take(reassembly, fragment_text("1", "", "PID|a\rDSC|A|F\r"), 100);
        take(reassembly, fragment_text("2", "", "PID|b\rDSC|B|F\r"), 200);
        const auto expired = reassembly.expire(200);
        REQUIRE(expired.size() == 1);
        CHECK(expired[0].first_control_id == "1");
        CHECK(reassembly.unfinished().size() == 1);
        CHECK(take(reassembly, fragment_text("3", "A", "NTE|1\r")).outcome == Outcome::unknown_pointer);
    }

    TEST_CASE("limits hold") {
        const std::string first = fragment_text("1", "", "PID|a\rDSC|A|F\r");
        Reassembly few({.unfinished_max = 1});
        CHECK(take(few, first).outcome == Outcome::kept);
        CHECK(take(few, fragment_text("2", "", "PID|b\rDSC|B|F\r")).outcome == Outcome::too_large);
        Reassembly two({.fragments_max = 2});
        CHECK(take(two, first).outcome == Outcome::kept);
        CHECK(take(two, fragment_text("2", "A", "PID|b\rDSC|B|F\r")).outcome == Outcome::kept);
        CHECK(take(two, fragment_text("3", "B", "PID|b\rDSC|C|F\r")).outcome == Outcome::too_large);
        CHECK(two.unfinished().empty());
        Reassembly small({.message_bytes_max = 150});
        CHECK(take(small, first).outcome == Outcome::kept);
        CHECK(take(small, fragment_text("2", "A", "NTE|" + std::string(100, 'x') + "\r")).outcome ==
              Outcome::too_large);
        Reassembly all({.bytes_max = 150});
        CHECK(take(all, first).outcome == Outcome::kept);
        CHECK(take(all, fragment_text("2", "", "NTE|" + std::string(100, 'x') + "\rDSC|B|F\r")).outcome ==
              Outcome::too_large);
    }

    TEST_CASE("what is cut is put together again, at any size") {
        std::string body = "PID|1||12^^^A\r";
        for (int i = 0; i < 20; ++i) {
            body += "OBX|" + std::to_string(i) + "|TX|C||" + std::string(static_cast<std::size_t>(i * 17), 'x') +
                    "\xC3\xA4\xE2\x82\xAC|\\F\\\r";
        }
        const std::string bytes = fragment_text("first", "", body);
        const Message message = parse(bytes);
        for (std::size_t size = 100; size < bytes.size() + 10; size += 13) {
            CAPTURE(size);
            int id = 0;
            const auto fragments = fragment(message.view(), size, [&id] { return "f" + std::to_string(++id); });
            REQUIRE(fragments.has_value());
            Reassembly reassembly;
            Reassembly::Step step{Outcome::whole};
            for (const std::string& one : *fragments) {
                CHECK(one.size() <= size);
                step = take(reassembly, one);
            }
            if (fragments->size() == 1) {
                CHECK(fragments->front() == bytes);
            } else {
                CHECK(step.outcome == Outcome::complete);
                CHECK(step.message == bytes);
            }
        }
        CHECK(fragment(message.view(), 60, [] { return std::string("f"); }).has_error());
    }
}

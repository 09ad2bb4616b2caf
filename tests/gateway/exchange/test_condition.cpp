#include <doctest/doctest.h>

#include "gateway/exchange/condition.hpp"

using namespace causeway;
using exchange::Condition;

TEST_SUITE("gateway/exchange/condition") {
    TEST_CASE("holds or not, as the message says") {
        const std::string bytes =
            "MSH|^~\\&|REG|NORTH WING|||20260101||ADT^A01^ADT_A01|1|P|2.5.1\r"
            "PID|1||11^^^A~22^^^B||M\\T\\M^Ann||19800101|F\r"
            "PV1|1|I|W^1\r"
            "OBX|1|NM|A||1\r"
            "OBX|2|NM|B||\"\"\r";
        const auto message = hl7v2::MessageView::parse(bytes);
        REQUIRE(message.has_value());
        struct Row {
            std::string_view condition;
            bool holds;
        };
        const Row rows[] = {
            {"", true},
            {"PV1-2 = I", true},
            {"PV1-2=I", true},
            {"PV1-2 = E", false},
            {"PV1-2 != E", true},
            {"PV1-2 in (E, I)", true},
            {"PV1-2 not in (E, I)", false},
            {"MSH-4 = \"NORTH WING\"", true},
            {"PID-3.1 = 22", true},      // any repetition
            {"PID-3(1).1 = 22", false},  // this repetition
            {"PID-3(2).4 = B", true},
            {"PID-5.1 = M&M", true},  // decoded
            {"OBX-3 = B", true},      // any segment
            {"OBX(1)-3 = B", false},
            {"OBX(2)-5 valued", false},  // "" is no value
            {"OBX-5 valued", true},
            {"PID-19 absent", true},
            {"NK1-2 absent and PV1-2 = I", true},
            {"PV1-2 = I and PID-8 = M", false},
        };
        for (const auto& row : rows) {
            CAPTURE(row.condition);
            const auto condition = Condition::parse(row.condition);
            REQUIRE(condition.has_value());
            CHECK(condition->holds(*message) == row.holds);
        }
    }

    TEST_CASE("says where it cannot be read") {
        struct Row {
            std::string_view text;
            std::string_view fault;
            std::size_t position;
        };
        const Row rows[] = {{"pv1-2 = I", "expected a path such as PID-3.1", 0},
                            {"PV1 = I", "expected a path such as PID-3.1", 0},
                            {"PV1-2 I", "expected =, !=, in, not in, valued or absent", 6},
                            {"PV1-2 = ", "expected a value", 8},
                            {"PV1-2 = \"I", "the text has no closing quote", 8},
                            {"PV1-2 in I", "expected ( after in", 9},
                            {"PV1-2 in (I", "expected , or )", 11},
                            {"PV1-2 not I", "expected `in` after `not`", 10},
                            {"PV1-2 = I or PV1-2 = E", "expected `and` or the end", 10},
                            {"PV1-2 = I and", "expected a path such as PID-3.1", 13}};
        for (const auto& row : rows) {
            CAPTURE(row.text);
            const auto condition = Condition::parse(row.text);
            REQUIRE(condition.has_error());
            CHECK(condition.error().text == row.fault);
            CHECK(condition.error().position == row.position);
        }
    }

    TEST_CASE("names the test that failed, for people") {
        const std::string bytes = "MSH|^~\\&|A|B\rPV1|1|O\r";
        const auto message = hl7v2::MessageView::parse(bytes);
        const auto condition = Condition::parse("MSH-3 = A and PV1-2 in (I, E)");
        REQUIRE(condition.has_value());
        const auto* failing = condition->first_failing(*message);
        REQUIRE(failing != nullptr);
        CHECK(to_string(*failing) == "PV1-2 in (I, E)");
    }
}

#include <doctest/doctest.h>

#include "hl7v2/message.hpp"
#include "hl7v2/validate/validate.hpp"

using namespace causeway::hl7v2;

namespace {

std::vector<ValidationIssue> check(const std::string& bytes, const ValidateOptions& options = {}) {
    const auto message = Message::parse(bytes, {{}, Tolerances::all()});
    REQUIRE(message.has_value());
    return validate(message->view(), options);
}

/// `error required PID-3 @12`, one a line.
std::string lines(const std::vector<ValidationIssue>& issues) {
    std::string out;
    for (const ValidationIssue& issue : issues) {
        out.append(outcome_severity(issue)).append(" ").append(name(issue.rule)).append(" ").append(issue.path());
        out.append(" ").append(std::to_string(static_cast<int>(issue.code))).append("\n");
    }
    return out;
}

constexpr std::string_view head = "MSH|^~\\&|LAB|H1|EMR|C1|20240102030405||";

std::string adt(std::string_view pid, std::string_view more = "PV1|1|O\r") {
    return std::string(head).append("ADT^A01^ADT_A01|1|P|2.5.1\rEVN||20240102\r").append(pid).append(more);
}
std::string oru(std::string_view obx) {
    return std::string(head).append("ORU^R01^ORU_R01|1|P|2.5.1\rPID|||1^^^A||Doe^J\rOBR|1||F1|X^Y^L\r").append(obx);
}
constexpr std::string_view pid = "PID|1||12^^^A^MR||Doe^John||19700101|M\r";

}  // namespace

TEST_SUITE("hl7v2/validate") {
    TEST_CASE("a good message has no issue") {
        CHECK(lines(check(adt(pid))) == "");
        CHECK(lines(check(oru("OBX|1|NM|C^D^L||1.5|mg|||||F\r"))) == "");
    }

    TEST_CASE("what breaks the standard, with its place") {
        struct Row {
            std::string bytes;
            std::string_view expected;
        };
        for (const Row& row : {
                 Row{adt(pid, ""), "error structure PV1... 100"},
                 Row{adt("PID|1||||Doe\r"), "error required PID-3 101\n"},
                 Row{adt("PID|1||12\r"), "error required PID-5 101\n"},
                 Row{adt("PID|1||\"\"||Doe\r"), "error required PID-3 101\n"},  // erasing a required field
                 Row{adt("PID|1||^^^A||Doe\r"), "error required PID-3.1 101\n"},
                 Row{adt("PID|1||1~^^^A||Doe\r"), "error required PID-3(2).1 101\n"},
                 Row{adt("PID|1||1||Doe||1970-01-01\r"), "error datatype PID-7.1 102\n"},
                 Row{adt("PID|x||1||Doe\r"), "error datatype PID-1 102\n"},
                 Row{adt("PID|1||1||Doe|||M~F\r"), "error cardinality PID-8 198\n"},
                 Row{adt("PID|1||1||Doe|||MALE\r"), "warning length PID-8 104\n"},
                 Row{adt("PID|1||1||Doe|||M^x\r"), "warning datatype PID-8 102\n"},
                 Row{adt("PID|1||1^^^^^^^^^^^x||Doe\r"), "warning datatype PID-3.12 102\n"},
                 Row{adt(std::string("PID|1||1||Doe") + std::string(40, '|') + "x\r"),
                     "warning structure PID-45 199\n"},
                 Row{adt("PID|1||1||Doe\\Q\\\r"), "warning escape PID-5.1.1 102\n"},
                 Row{adt("PID|1||1^^^A&1.2&BAD||Doe\r"), "error table PID-3.4.3 103\n"},
                 Row{adt(pid, "PV1|1|O\rEVN||2024\r"), "error structure EVN(2) 198\n"},
                 Row{adt(pid, "PV1|1|O\rOBR|1||F1|X^Y^L\r"), "warning structure OBR 100\n"},
                 Row{adt(pid, "PV1|1|O\rQQQ|1\rZZZ|2\r"), "warning structure QQQ 100\n"},
                 Row{oru("OBX|1|NM|C^D^L||abc||||||F\r"), "error datatype OBX-5 102\n"},
                 Row{oru("OBX|1||C^D^L||abc||||||F\r"), "error required OBX-2 101\n"},
                 Row{oru("OBX|1|QQ|C^D^L||abc||||||F\r"), "error table OBX-2 103\n"},
                 Row{oru("OBX|1|CWE|C^D^SCT||1||||||F\r"), "information table OBX-3.3 103\n"},
                 Row{oru("OBX|1|NM|C^D^QQ||1||||||F\r"), "warning table OBX-3.3 103\n"},
                 Row{oru("OBX|1|NM|C^D^99ABC||1|x^^HL70123|||||Q\r"), "error table OBX-11 103\n"},
                 Row{oru("OBX|1|NM|C^D^L||1||||||Q\r"), "error table OBX-11 103\n"},
                 Row{oru("OBX|1|CE|C^D^L||a^b^L^d^e^L^g||||||F\r"), "warning datatype OBX-5.7 102\n"},
             }) {
            CAPTURE(row.bytes);
            const std::string found = lines(check(row.bytes));
            if (row.expected.find("...") == std::string_view::npos) {
                CHECK(found.find(row.expected) != std::string::npos);
                CHECK(std::count(found.begin(), found.end(), '\n') <= 2);
            } else {
                CHECK(found.find("error structure") != std::string::npos);
            }
        }
    }

    TEST_CASE("the header") {
        CHECK(lines(check(std::string(head) + "ADT^A01^ADT_A05|1|P|2.5.1\rEVN||2024\r" + std::string(pid) +
                          "PV1|1|O\r")) == "warning message MSH-9.3 103\n");
        CHECK(lines(check(std::string(head) + "XXX^X01|1|P|2.5.1\rPID|1||1||D\r"))
                  .find("warning message MSH-9.1 200\n") != std::string::npos);
        CHECK(lines(check(std::string(head) + "ADT^A01^ADT_A01|1|P|9.9\rEVN||2024\r" + std::string(pid) + "PV1|1|O\r"))
                  .find("error message MSH-12.1 203\n") != std::string::npos);
        CHECK(lines(check("PID|1||1||D\r")).find("error structure PID 100\n") != std::string::npos);
    }

    TEST_CASE("places count bytes and segments") {
        const std::string bytes = oru("OBX|1|NM|C^D^L||1||||||F\rOBX|2|NM|C^D^L||12~x||||||F\r");
        const auto issues = check(bytes);
        REQUIRE(issues.size() == 1);
        const auto& bad = issues[0];
        CHECK(bad.path() == "OBX(2)-5(2)");
        CHECK(bytes.substr(bad.offset, 1) == "x");
        CHECK(bad.source == "2.5.1");
        CHECK(bad.text.find('x') == std::string::npos);
    }

    TEST_CASE("the rules are those of the version") {
        const std::string old = "MSH|^~\\&|A|B|C|D|2024||ADT^A01|1|P|2.3\rEVN|A01|2024\rPID|||1||Doe\rPV1||O\r";
        CHECK(lines(check(old)) == "");
        std::string withdrawn = "MSH|^~\\&|A|B|C|D|2024||ACK^A01^ACK|1|P|2.7\rMSA|AA|1|gone\r";
        CHECK(lines(check(withdrawn)).find("not_used MSA-3") != std::string::npos);
    }

    TEST_CASE("issues stop at the limit") {
        std::string obx;
        for (int i = 0; i < 100; ++i) obx += "OBX|1|NM|C||x||||||F\r";
        CHECK(check(oru(obx), {.issues_max = 7}).size() == 7);
    }

    TEST_CASE("issues become ERR segments") {
        const std::string bytes = adt("PID|1||1~^^^A||Doe||x\r");
        const auto message = Message::parse(bytes);
        REQUIRE(message.has_value());
        const auto issues = validate(message->view());
        REQUIRE(issues.size() == 2);
        CHECK(has_error(issues));
        const std::string ack =
            acknowledge(message->view(), AckCode::ae, err_entries(issues), {.now = "2024", .control_id = "9"});
        CHECK(ack.find("\rERR||PID^1^3^2^1|101^Required field missing^HL70357|E|||2.5.1|ID Number is required\r") !=
              std::string::npos);
        CHECK(ack.find("\rERR||PID^1^7^1^1|102^Data type error^HL70357|E|") != std::string::npos);
        CHECK(outcome_code(issues[0]) == "required");
        CHECK(outcome_severity(issues[0]) == "error");
    }

    TEST_CASE("hostile shapes are linear and safe") {
        std::string bytes = std::string(head) + "ADT^A01^ADT_A01|1|P|2.5.1\rPID" + std::string(70'000, '|') + "x\r";
        bytes += "PID|||" + std::string(70'000, '~') + "1||" + std::string(70'000, '^') + "\r";
        bytes += "OBX|1|CWE|" + std::string(70'000, '&') + "x||" + std::string(70'000, '^') + "y\r";
        CHECK(check(bytes).size() > 3);
    }
}

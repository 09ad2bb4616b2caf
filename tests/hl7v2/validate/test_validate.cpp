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
                 Row{adt(pid, ""), "error structure PV1 100\n"},
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
            CHECK(found.find(row.expected) != std::string::npos);
            CHECK(std::count(found.begin(), found.end(), '\n') <= 2);
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

    TEST_CASE("what is missing is named, where it is missed") {
        const std::string message = adt(pid, "");
        const auto issues = check(message);
        REQUIRE(issues.size() == 1);
        CHECK(issues[0].path() == "PV1");
        CHECK(issues[0].text == "PV1 is missing in ADT_A01 after PID");
        CHECK(issues[0].offset == message.size() - 1);
        const std::string mid = oru("OBX|1|NM|C^D^L||1||||||F\rPID|||2^^^A||Roe^J\rOBX|1|NM|C^D^L||1||||||F\r");
        const auto found = check(mid);
        REQUIRE(found.size() == 1);
        CHECK(found[0].path() == "OBR(2)");
        CHECK(mid.substr(found[0].offset, 3) == "OBX");
    }

    TEST_CASE("versions as they are written") {
        const auto first = [](std::string_view version) {
            return lines(check(std::string(head) + "ADT^A01^ADT_A01|1|P|" + std::string(version) + "\rEVN||2024\r" +
                               std::string(pid) + "PV1|1|O\r"));
        };
        CHECK(first("2.5.1^USA") == "");
        CHECK(first("2.5.0") == "warning message MSH-12.1 203\n");
        CHECK(first("9.9") == "error message MSH-12.1 203\n");
        CHECK(first("") == "error required MSH-12 101\n");  // one thing is wrong, and is said once
        CHECK(first("\"\"") == "error required MSH-12 101\n");
    }

    TEST_CASE("messages of 2.1 as its own examples write them") {
        const std::string adt21 =
            "MSH|^~\\&|ADT|H|LAB|H|198808181126|SECURITY|ADT|M1|P|2.1\rEVN|A01|198808181123\r"
            "PID|||PATID1234^5^M11||JONES^WILLIAM||19610615|M||||||||||PATID2^2^M10||987654^NC\r"
            "NK1|1|JONES^BARBARA\rPV1||I|W01\r";
        CHECK(lines(check(adt21)) == "");
        CHECK(lines(check("MSH|^~\\&|L|H|A|H|198808181126||ORU|M2|P|2.1\rPID|||12||DOE^J\rOBR|1|P1|F1|84330^GLU^L\r"
                          "OBX|1|NM|84330^GLU^L||105\r")) == "");
        CHECK(lines(check("MSH|^~\\&|L|H|A|H|1988||XYZ|M2|P|2.1\rPID|||12||DOE^J\r")) ==
              "warning message MSH-9.1 200\n");
    }

    TEST_CASE("what is local by the standard is no fault") {
        CHECK(lines(check(std::string(head) + "ZZZ^Z01|1|P|2.5.1\rPID|1||1||D\r")) == "warning message MSH-9.1 200\n");
        CHECK(lines(check("MSH|^~\\&|A|B|C|D|20240102030405||QBP^Q11^QBP_Q11|1|P|2.5.1\r"
                          "QPD|Z34^x^99LOC|q|1^^^A^MR|DOE^J||20100101\rRCP|I\r")) == "");
        CHECK(lines(check(oru("OBX|1|ED|C^D^L||^application^pdf^Base64^QUJD||||||F\r"))) ==
              "warning table OBX-5.2 103\nwarning table OBX-5.3 103\n");
        CHECK(lines(check(oru("OBX|1|CWE|C^D^L||a^b^L||||||F\r"))) == "");  // OBX-2 has length 2 in print
    }

    TEST_CASE("a segment that goes on in ADD is checked as one") {
        const std::string message =
            oru("OBX|1|TX|C^D^L||one tw\rADD|o three||||||F\rADD|||||||||x\rOBX|2|NM|C^D^L||x||||||F\r");
        const auto issues = check(message);
        CHECK(lines(issues) == "error datatype OBX-19.1 102\nerror datatype OBX(2)-5 102\n");
        REQUIRE(issues.size() == 2);
        CHECK(message.substr(issues[0].offset, 2) == "x\r");
        CHECK(message.substr(issues[1].offset, 4) == "x|||");
    }

    TEST_CASE("a fragment is not blamed for what the others hold") {
        const std::string begin = oru("OBX|1|TX|C^D^L||one tw\rADD\rDSC|p1|F\r");
        CHECK(lines(check(begin)) == "information structure DSC 100\n");
        const std::string rest =
            "MSH|^~\\&|A|B|C|D|20240102030405||ORU^R01^ORU_R01|2|P|2.5.1||p1\rADD|o three||||||F\r"
            "OBX|2|NM|C^D^L||x||||||F\r";
        CHECK(lines(check(rest)) == "information structure MSH 100\nerror datatype OBX-5 102\n");
    }

    TEST_CASE("what a tolerance let pass is said where it happened") {
        CHECK(lines(check(adt("pid|1||1||Doe\r"))) == "warning syntax PID 100\n");
        const std::string text = oru("OBX|1|TX|C^D^L||one\rtwofold||||||F\r");
        const auto issues = check(text);
        CHECK(lines(issues) == "warning syntax OBX 100\n");
        CHECK(text.substr(issues.at(0).offset, 3) == "two");
        CHECK(lines(check(adt("PID|1||1||D\x01oe\r"))) == "warning syntax PID 100\n");
        CHECK(lines(check("MSH|^~\\&#!|LAB|H1|EMR|C1|20240102030405||ACK^A01^ACK|1|P|2.5.1\rMSA|AA|1\r"))
                  .starts_with("warning syntax MSH-2 100\n"));
    }

    TEST_CASE("what its character set made of a message") {
        const std::string bytes =
            std::string(head) + "ACK^A01^ACK|1|P|2.5.1||||||UNICODE UTF-8\rMSA|AA|M\xfcller\xfc\r";
        const auto decoded = decode_to_utf8(bytes);
        const auto message = Message::parse(decoded.text);
        REQUIRE(message.has_value());
        const auto issues = charset_issues(decoded, message->view());
        CHECK(lines(issues) == "warning syntax MSH-18 102\n");
        CHECK(bytes[issues.at(0).offset] == '\xfc');
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

#include <doctest/doctest.h>

#include "hl7v2/message.hpp"
#include "hl7v2/print.hpp"

using namespace causeway::hl7v2;

namespace {

const std::string bytes =
    "MSH|^~\\&|LAB|H^1.2^ISO|B||20240102||ORU^R01^ORU_R01|7|P|2.5.1\n"
    "PID|1||12^^^A&1.2&ISO^MR~34||Doe^J\\T\\J||\"\"\r"
    "OBR|1|||X^Y\r"
    "OBX|1|CE|C^D||K^L||||||F\r"
    "NTE|1||two\\.br\\lines\x01\r"
    "ZZZ|a~~b\r";

Message message() {
    auto parsed = Message::parse(bytes);
    REQUIRE(parsed.has_value());
    return std::move(*parsed);
}

GroupTree tree(const Message& message) { return group(message.view(), *dictionary::structure_of(message.view())); }

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line) != std::string::npos;
}

}  // namespace

TEST_SUITE("hl7v2/print") {
    TEST_CASE("the tree names groups, segments and every value that was sent") {
        const Message read = message();
        std::string out;
        print_tree(tree(read), out);
        CAPTURE(out);
        CHECK(has_line(out, "ORU_R01\n  MSH  Message Header  (byte 0)\n"));
        CHECK(has_line(out, "    MSH-1          Field Separator                |\n"));
        CHECK(has_line(out, "    MSH-2          Encoding Characters            ^~\\&\n"));
        CHECK(has_line(out, "      PID  Patient Identification  (byte 62)\n"));
        CHECK(has_line(out, "        PID-3(1).1     ID Number                      12\n"));
        CHECK(has_line(out, "        PID-3(1).4.2   Universal ID                   1.2\n"));
        CHECK(has_line(out, "        PID-3(2).1     ID Number                      34\n"));
        CHECK(has_line(out, "        PID-5.2        Given Name                     J&J\n"));
        CHECK(has_line(out, "        PID-7.1        Time                           \"\"\n"));
        CHECK(has_line(out, "          OBX-5.2        Text                           L\n"));  // OBX-2 is CE
        CHECK(out.find("two\\nlines\\x01\n") != std::string::npos);
        CHECK(out.find("ZZZ  (byte ") != std::string::npos);
        CHECK(out.find("not in the structure") != std::string::npos);
        CHECK(out.find("ZZZ-1(3)") != std::string::npos);
    }

    TEST_CASE("JSON keeps repetitions, components, subcomponents and the three states apart") {
        const Message read = message();
        std::string out;
        print_json(tree(read), out);
        CAPTURE(out);
        CHECK(
            out.starts_with("{\"type\":\"ORU\",\"event\":\"R01\",\"version\":\"2.5.1\",\"control_id\":\"7\","
                            "\"structure\":\"ORU_R01\",\"delimiters\":\"|^~\\\\&\",\"bytes\":"));
        CHECK(out.find("\"tolerances\":{\"line_feed\":1,\"control_bytes\":1}") != std::string::npos);
        CHECK(out.find("\"3\":[[\"12\",null,null,[\"A\",\"1.2\",\"ISO\"],\"MR\"],[\"34\"]]") != std::string::npos);
        CHECK(out.find("\"7\":[[\"\\\"\\\"\"]]") != std::string::npos);
        CHECK(out.find("\"3\":[[\"two\\nlines\\u0001\"]]") != std::string::npos);
        CHECK(out.find("{\"segment\":\"ZZZ\",\"offset\":") != std::string::npos);
        CHECK(out.find("\"expected\":false,\"fields\":{\"1\":[[\"a\"],null,[\"b\"]]}}") != std::string::npos);
    }

    TEST_CASE("bytes that are not UTF-8 do not spoil the JSON") {
        const auto read = Message::parse("MSH|^~\\&|\xE4|\r");
        REQUIRE(read.has_value());
        std::string out;
        print_json(read->view(), out);
        CHECK(out.find("\"3\":[[\"\xEF\xBF\xBD\"]]") != std::string::npos);
        std::string text;
        print_tree(read->view(), text);
        CHECK(text.starts_with("MSH  Message Header  (byte 0)\n"));
    }
}

#include <doctest/doctest.h>

#include <string>

#include "hl7v2/builder.hpp"

using namespace causeway::hl7v2;

namespace {

MessageView parsed(std::string_view bytes) { return *MessageView::parse(bytes, {{}, Tolerances::all()}); }

}  // namespace

TEST_SUITE("hl7v2/builder") {
    TEST_CASE("gives an unchanged message back byte for byte") {
        for (const std::string_view bytes :
             {"MSH|^~\\&|A\rPID|1||x^y~z\r", "MSH|^~\\&|A\nPID|1\n\n",
              "\xEF\xBB\xBF\r\nMSH|^~\\&|A\r\nPID|1\r\r\nZX1|a|b||", "\x0bMSH$%*!@$A\rPID$1\x1c\r",
              "MSH|^~\\\\&|A\r  PID|1\r", "PID|1\rpv1|2", "MSH|^~\\&\rNTE|1||a\nb\rPID|1\r"}) {
            CAPTURE(bytes);
            CHECK(MessageBuilder::edit(parsed(bytes)).text() == bytes);
        }
    }

    TEST_CASE("a changed place changes nothing else") {
        struct Row {
            std::string_view before;
            Position position;
            std::string_view text;
            std::string_view after;
        };
        for (const auto& row : {
                 Row{"PID|1|2|3", {2}, "x", "PID|1|x|3"},
                 Row{"PID|1|2|3", {5}, "x", "PID|1|2|3||x"},
                 Row{"PID", {1}, "x", "PID|x"},
                 Row{"PID|", {2}, "x", "PID||x"},
                 Row{"PID|a^b^c~d|z", {1}, "x", "PID|x|z"},
                 Row{"PID|a^b^c~d|z", {1, 1}, "x", "PID|x~d|z"},
                 Row{"PID|a^b^c~d|z", {1, 2}, "x", "PID|a^b^c~x|z"},
                 Row{"PID|a^b^c~d|z", {1, 4}, "x", "PID|a^b^c~d~~x|z"},
                 Row{"PID|a^b^c~d|z", {1, 1, 2}, "x", "PID|a^x^c~d|z"},
                 Row{"PID|a^b^c~d|z", {1, 0, 3}, "x", "PID|a^b^x~d|z"},
                 Row{"PID|a^b^c~d|z", {1, 2, 3}, "x", "PID|a^b^c~d^^x|z"},
                 Row{"PID|a^b&c^d|z", {1, 1, 2, 2}, "x", "PID|a^b&x^d|z"},
                 Row{"PID|a^b&c^d|z", {1, 1, 1, 3}, "x", "PID|a&&x^b&c^d|z"},
                 Row{"PID|a^b|z", {1, 0, 0, 2}, "x", "PID|a&x^b|z"},
                 Row{"PID|a|z", {1}, "", "PID||z"},
                 Row{"PID|a|z", {3}, "", "PID|a|z"},
                 Row{"PID|a^b|z", {1, 1, 2}, "", "PID|a^|z"},
                 Row{"PID|a\\T\\b|z", {2}, "x|y^z&\\", "PID|a\\T\\b|x\\F\\y\\S\\z\\T\\\\E\\"},
                 Row{"PID|a", {1, 1, 1, 1}, "x", "PID|x"},
             }) {
            CAPTURE(row.before);
            CAPTURE(row.after);
            const std::string head = "MSH|^~\\&|A|B\n";
            const std::string tail = "\r\nZX1|~^&|\r";
            const std::string bytes = head + std::string(row.before) + tail;
            MessageBuilder builder = MessageBuilder::edit(parsed(bytes));
            builder.segment(1).set(row.position, row.text);
            CHECK(builder.text() == head + std::string(row.after) + tail);
            // what was written is read back
            if (!row.text.empty()) CHECK(builder.segment(1).view().at(row.position).text() == row.text);
        }
    }

    TEST_CASE("knows that MSH counts its separator") {
        MessageBuilder builder;
        builder.header().set(3, "APP").set(9, "").set(Position{9, 1, 2}, "A01").set(12, "2.5.1");
        CHECK(builder.text() == "MSH|^~\\&|APP||||||^A01|||2.5.1\r");
        builder.set("MSH-10"_v2, "1|2");
        CHECK(builder.text() == "MSH|^~\\&|APP||||||^A01|1\\F\\2||2.5.1\r");
    }

    TEST_CASE("writes with the delimiters it is given") {
        MessageBuilder builder(Delimiters{'$', '%', '*', '!', '@', '\0'});
        builder.append("PID").set(Position{3, 2, 4, 2}, "a$b@c|d");
        CHECK(builder.text() == "MSH$%*!@\rPID$$$*%%%@a!F!b!T!c|d\r");
        MessageBuilder bare(Delimiters{'|', '^', '\0', '\0', '\0', '\0'});
        bare.append("PID").set(Position{3, 1, 2}, "x&y");
        CHECK(bare.text() == "MSH|^\rPID|||^x&y\r");
    }

    TEST_CASE("inserts, removes and appends segments") {
        const std::string_view bytes = "MSH|^~\\&|A\nPID|1\nPV1|1";
        MessageBuilder builder = MessageBuilder::edit(parsed(bytes));
        builder.append("OBX").set(1, "1");
        CHECK(builder.text() == "MSH|^~\\&|A\nPID|1\nPV1|1\rOBX|1\r");
        builder.insert(1, "EVN").set(2, "2024");
        builder.remove(3);
        CHECK(builder.text() == "MSH|^~\\&|A\nEVN||2024\rPID|1\nOBX|1\r");
        builder.insert_raw(2, "ZP1|a^b");
        CHECK(builder.find("ZP1") == 2);
        CHECK(builder.find("OBX", 2) == builder.size());
        CHECK(builder.segment(2).name() == "ZP1");
    }

    TEST_CASE("a path makes the segments it needs, and no more") {
        MessageBuilder builder;
        builder.set("OBX(2)-5.2"_v2, "x");
        builder.set("OBX-1"_v2, "1");
        builder.erase("PID-8"_v2);
        builder.set_raw("PID-5"_v2, "A^B~C");
        CHECK(builder.text() == "MSH|^~\\&\rOBX|1\rOBX|||||^x\rPID|||||A^B~C|||\"\"\r");
    }

    TEST_CASE("builds a message that reads back") {
        MessageBuilder builder;
        builder.header().set(9, "x").set(12, "2.5.1");
        builder.append("PID").set(Position{5, 1, 1}, "O'Neil & Sons").set(Position{5, 1, 2}, "line\nbreak");
        const auto message = builder.build();
        REQUIRE(message.has_value());
        CHECK((*message)->at("PID-5.1"_v2).text() == "O'Neil & Sons");
        CHECK((*message)->at("PID-5.2"_v2).text() == "line\nbreak");
        CHECK((*message)->deviations().total() == 0);
    }
}

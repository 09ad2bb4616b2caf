#include <doctest/doctest.h>

#include "gateway/mllp/listen_script.hpp"
#include "gateway/mllp/message_template.hpp"

using namespace causeway;
using namespace causeway::mllp;

namespace {

const std::string order =
    "MSH|^~\\&|CW|C|LIS|N|20260101||OML^O21^OML_O21|77|P|2.5.1\rORC|NW|P-1\rOBR|1|P-1||57698-3^Lipids^LN\r";

const ScriptRule* match(ListenScript& script, const std::string& bytes) {
    const auto message = hl7v2::MessageView::parse(bytes);
    REQUIRE(message.has_value());
    return script.match(*message);
}

}  // namespace

TEST_SUITE("gateway/mllp/listen_script") {
    TEST_CASE("the first line that fits and is not used up decides") {
        auto script = ListenScript::parse(
            "# a lab\n"
            "\n"
            "on OML^O21 times 2: delay 250ms; answer AE 103\n"
            "on OML where OBR-4.1 = \"57698-3\" times 1: silence\r\n"
            "on OML^O21: answer AA; send results/final.hl7 after 2s to 127.0.0.1:2575\n"
            "on *: close\n");
        REQUIRE(script.has_value());
        const auto* rule = match(*script, order);
        REQUIRE(rule != nullptr);
        REQUIRE(rule->actions.size() == 2);
        CHECK(rule->actions[0].kind == ScriptAction::Kind::delay);
        CHECK(rule->actions[0].ms == 250);
        CHECK(rule->actions[1].code == "AE");
        CHECK(rule->actions[1].error == "103");
        CHECK(match(*script, order)->line == 3);
        CHECK(match(*script, order)->line == 4);
        rule = match(*script, order);
        CHECK(rule->line == 5);
        CHECK(rule->actions.at(1).kind == ScriptAction::Kind::send_file);
        CHECK(rule->actions[1].file == "results/final.hl7");
        CHECK(rule->actions[1].ms == 2'000);
        CHECK(rule->actions[1].to == "127.0.0.1:2575");
        CHECK(match(*script, "MSH|^~\\&|A|B|||1||ADT^A01|1|P|2.5\r")->line == 6);
    }

    TEST_CASE("says which line is wrong and why") {
        struct Row {
            std::string_view text;
            std::size_t line;
            std::string_view fault;
        };
        const Row rows[] = {
            {"on *: answer AA\nanswer AA", 2, "expected `on TYPE [where CONDITION] [times N]: ACTION; …`"},
            {"when *: answer AA", 1, "a rule begins with `on`"},
            {"on : answer AA", 1, "`on` needs a message type or *"},
            {"on * times x: answer AA", 1, "times needs a number"},
            {"on * if: answer AA", 1, "expected where, times or ':'"},
            {"on * where PID: answer AA", 1, "condition: expected a path such as PID-3.1"},
            {"on *: answer", 1, "answer needs AA, AE, AR, CA, CE, CR or `file NAME`"},
            {"on *: answer OK", 1, "answer needs AA, AE, AR, CA, CE, CR or `file NAME`"},
            {"on *: delay soon", 1, "delay needs a duration such as 250ms or 3s"},
            {"on *: explode", 1, "unknown action \"explode\""},
            {"on *: close now", 1, "unknown action \"close\""},
            {"on *: pieces 1 5ms", 1, "pieces needs 2 to 1000 and a duration between them"},
            {"on *: pieces 3", 1, "pieces needs 2 to 1000 and a duration between them"},
            {"on *: acknowledge", 1, "acknowledge needs AA, AE, AR, CA, CE or CR"},
            {"on *: acknowledge AA after noon", 1, "acknowledge CODE [ERROR] [to HOST:PORT] [after DURATION]"},
            {"on *: send", 1, "send needs a file name"},
            {"on *: send a.hl7 at noon", 1, "send FILE [to HOST:PORT] [after DURATION]"},
        };
        for (const auto& row : rows) {
            CAPTURE(row.text);
            const auto script = ListenScript::parse(row.text);
            REQUIRE(script.has_error());
            CHECK(script.error().line == row.line);
            CHECK(script.error().text == row.fault);
        }
    }

    TEST_CASE("durations have a unit") {
        CHECK(parse_duration_ms("250ms") == 250);
        CHECK(parse_duration_ms("3s") == 3'000);
        CHECK(parse_duration_ms("2m") == 120'000);
        CHECK(!parse_duration_ms("3"));
        CHECK(!parse_duration_ms("s"));
        CHECK(!parse_duration_ms("-1s"));
        CHECK(!parse_duration_ms("9999999999999999999s"));
    }
}

TEST_SUITE("gateway/mllp/message_template") {
    TEST_CASE("fills names and keeps everything else") {
        const MessageTemplate text("MSH|${now}|${id}$${x}|${unknown}|$|${open");
        CHECK(text.has_names());
        CHECK(text.render([](std::string_view name) -> std::optional<std::string> {
            if (name == "now") return "2026";
            if (name == "id") return "7";
            return std::nullopt;
        }) == "MSH|2026|7${x}||$|${open");
        CHECK(!MessageTemplate("MSH|1").has_names());
    }

    TEST_CASE("finds the messages of a file, whatever its line ends and envelope") {
        const auto messages =
            split_messages("FHS|^~\\&\r\nMSH|1\r\nPID|1\r\n\r\nMSH|2\nPID|2\r\x1c\r\x0bMSH|3\rBTS|3\r");
        REQUIRE(messages.size() == 3);
        CHECK(messages[0] == "MSH|1\rPID|1\r");
        CHECK(messages[1] == "MSH|2\rPID|2\r");
        CHECK(messages[2] == "MSH|3\r");
        CHECK(split_messages("no message here").empty());
    }
}

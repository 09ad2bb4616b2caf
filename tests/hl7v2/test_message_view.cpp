#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "hl7v2/message.hpp"
#include "hl7v2/message_view.hpp"

using namespace causeway::hl7v2;
using namespace std::literals;

namespace {

constexpr std::string_view header = "MSH|^~\\&|LAB|H1|EMR|C1|20240102||ORU^R01^ORU_R01|M1|P|2.5.1\r";

std::string with_header(std::string_view rest) { return std::string(header).append(rest); }

MessageView parsed(std::string_view bytes, Tolerances tolerances = Tolerances::usual()) {
    const auto result = MessageView::parse(bytes, {{}, tolerances});
    REQUIRE(result.has_value());
    return *result;
}

std::vector<std::string> names(const MessageView& message) {
    std::vector<std::string> out;
    for (const SegmentView segment : message) out.emplace_back(segment.name());
    return out;
}

}  // namespace

TEST_SUITE("hl7v2/message_view") {
    TEST_CASE("refuses what it cannot read and says where") {
        struct Row {
            std::string_view bytes;
            Errc code;
            std::size_t offset;
        };
        for (const auto& row : {
                 Row{"", Errc::not_msh, 0},
                 Row{"   ", Errc::not_msh, 3},
                 Row{"PID|1\r", Errc::not_msh, 0},
                 Row{"FHS|^~\\&|\r", Errc::not_msh, 0},
                 Row{"MSH", Errc::bad_delimiters, 3},
                 Row{"MSH|", Errc::bad_delimiters, 4},
                 Row{"MSH|^", Errc::bad_delimiters, 5},
                 Row{"MSH||A\r", Errc::bad_delimiters, 4},
                 Row{"MSH\r^~\\&\r", Errc::bad_delimiters, 3},
                 Row{"MSHA^~\\&A\r", Errc::bad_delimiters, 3},
                 Row{"MSH|^~1&|A\r", Errc::bad_delimiters, 6},
                 Row{"MSH|^~\\\\&|A\r", Errc::bad_delimiters, 7},
                 Row{"MSH|^~\\&#!|A\r", Errc::bad_delimiters, 9},
                 Row{"MSH|^~\\&|A\rpid|1\r", Errc::bad_segment_name, 11},
                 Row{"MSH|^~\\&|A\rPI|1\r", Errc::bad_segment_name, 11},
                 Row{"MSH|^~\\&|A\nmore text\rPID|1\r", Errc::bad_segment_name, 11},
             }) {
            CAPTURE(row.bytes);
            const auto result = MessageView::parse(row.bytes);
            REQUIRE(result.has_error());
            CHECK(result.error().code == row.code);
            CHECK(result.error().offset == row.offset);
        }
    }

    TEST_CASE("takes delimiters from the message") {
        struct Row {
            std::string_view bytes;
            Delimiters delimiters;
        };
        for (const auto& row : {
                 Row{"MSH|^~\\&|\r", {}},
                 Row{"MSH|^~\\&#|\r", {'|', '^', '~', '\\', '&', '#'}},
                 Row{"MSH$%*!@$\r", {'$', '%', '*', '!', '@', '\0'}},
                 Row{"MSH|^|\r", {'|', '^', '\0', '\0', '\0', '\0'}},
                 Row{"MSH|^~\\|\r", {'|', '^', '~', '\\', '\0', '\0'}},
                 Row{"MSH|^~\\&\r", {}},
             }) {
            CAPTURE(row.bytes);
            CHECK(parsed(row.bytes).delimiters() == row.delimiters);
        }
    }

    TEST_CASE("a delimiter that is named twice leaves the others in their places") {
        struct Row {
            std::string_view bytes;
            Delimiters delimiters;
        };
        for (const auto& row : {
                 Row{"MSH|^~\\\\&|\r", {'|', '^', '~', '\\', '&', '\0'}},  // escaped by somebody's program
                 Row{"MSH|^~\\&&|\r", {'|', '^', '~', '\\', '&', '\0'}},
                 Row{"MSH|^^\\&|\r", {'|', '^', '\0', '\\', '&', '\0'}},
                 Row{"MSH|^~^&|\r", {'|', '^', '~', '\0', '&', '\0'}},
                 Row{"MSH|^~\\\\|\r", {'|', '^', '~', '\\', '\0', '\0'}},
             }) {
            CAPTURE(row.bytes);
            const auto message = MessageView::parse(row.bytes, {{}, Tolerances::all()});
            REQUIRE(message.has_value());
            CHECK(message->delimiters() == row.delimiters);
            CHECK(message->deviations()[Tolerance::repeated_delimiters] == 1);
        }
    }

    TEST_CASE("a feature that is not declared separates nothing, not even at a NUL") {
        const std::string bytes = "MSH|^|\rPID|a~b&c\0d^e\r"s;
        const MessageView message = parsed(bytes);
        CHECK(message.at("PID-1.1"_v2).raw() == "a~b&c\0d"sv);
        CHECK(message.at("PID-1(2)"_v2).absent());
    }

    TEST_CASE("numbers fields as the standard does") {
        const std::string bytes = with_header("PID|1||A^^^X&1.2&ISO~B||Smith^Jo\r");
        const MessageView message = parsed(bytes);
        CHECK(message.at("MSH-1"_v2).text() == "|");
        CHECK(message.at("MSH-2"_v2).text() == "^~\\&");
        CHECK(message.at("MSH-3"_v2).text() == "LAB");
        CHECK(message.at("MSH-12"_v2).text() == "2.5.1");
        CHECK(message.message_type() == "ORU");
        CHECK(message.trigger_event() == "R01");
        CHECK(message.message_structure() == "ORU_R01");
        CHECK(message.control_id() == "M1");
        CHECK(message.at("PID-1"_v2).text() == "1");
        CHECK(message.at("PID-3.4.2"_v2).text() == "1.2");
        CHECK(message.at("PID-3(2)"_v2).text() == "B");
        CHECK(message.at("PID-5.2"_v2).text() == "Jo");
        CHECK(message.field("PID-3"_v2).repetition_count() == 2);
        CHECK(message.field("PID-3"_v2).repetition(1).component_count() == 4);
        CHECK(message.field("PID-3"_v2).component(4).subcomponent_count() == 3);
        CHECK(message.segment("PID").field_count() == 5);
        CHECK(message.segment("MSH").field_count() == 12);
        CHECK(message.at("PID-30"_v2).absent());
        CHECK(message.at("ZZZ-1"_v2).absent());
        CHECK(message.at("PID(2)-1"_v2).absent());
        CHECK(message.segment("PID").field(0).absent());
    }

    TEST_CASE("tells apart what was not sent, erased and valued") {
        const std::string bytes = with_header("PID||\"\"|^^^|^\"\"|~|x|\"|\"\"\"|&|\"\"^\"\"\r");
        const MessageView message = parsed(bytes);
        struct Row {
            Path path;
            Presence field;
            Presence leaf;
        };
        for (const auto& row : {
                 Row{"PID-1"_v2, Presence::absent, Presence::absent},
                 Row{"PID-2"_v2, Presence::erased, Presence::erased},
                 Row{"PID-3"_v2, Presence::absent, Presence::absent},
                 Row{"PID-4.2"_v2, Presence::valued, Presence::erased},
                 Row{"PID-5"_v2, Presence::absent, Presence::absent},
                 Row{"PID-6"_v2, Presence::valued, Presence::valued},
                 Row{"PID-7"_v2, Presence::valued, Presence::valued},
                 Row{"PID-8"_v2, Presence::valued, Presence::valued},
                 Row{"PID-9"_v2, Presence::absent, Presence::absent},
                 Row{"PID-10"_v2, Presence::valued, Presence::erased},
                 Row{"PID-11"_v2, Presence::absent, Presence::absent},
             }) {
            CAPTURE(row.path.text());
            CHECK(message.field(row.path).presence() == row.field);
            CHECK(message.at(row.path).presence() == row.leaf);
        }
        CHECK(message.at("PID-2"_v2).text().empty());
        CHECK(message.field("PID-5"_v2).repetition_count() == 2);
    }

    TEST_CASE("hands out pieces in order, the empty ones too") {
        const std::string bytes = with_header("PID|a^b~~c^&d^\r");
        const MessageView message = parsed(bytes);
        std::string seen;
        for (const RepetitionView repetition : message.segment("PID").field(1).repetitions()) {
            seen += '{';
            for (const ComponentView component : repetition.components()) {
                seen += '(';
                for (const ValueView value : component.subcomponents())
                    seen.append("<").append(value.raw()).append(">");
                seen += ')';
            }
            seen += '}';
        }
        CHECK(seen == "{(<a>)(<b>)}{}{(<c>)(<><d>)()}");
    }

    TEST_CASE("hands out fields with their numbers") {
        struct Row {
            std::string_view segment, fields;
        };
        for (const auto& row :
             {Row{"PID|1||x", "1=1 2= 3=x "}, Row{"PID", ""}, Row{"PID|", "1= "}, Row{"PID||", "1= 2= "},
              Row{"BHS|^~\\&|A", "1=| 2=^~\\& 3=A "}, Row{"BHS|", "1=| 2= "}}) {
            CAPTURE(row.segment);
            std::string seen;
            for (const auto& [number, field] : SegmentView(row.segment, {}, 0, 0).fields()) {
                seen.append(std::to_string(number)).append("=").append(field.whole().text()).append(" ");
            }
            CHECK(seen == row.fields);
        }
    }

    TEST_CASE("decodes text, without a copy where nothing is escaped") {
        const std::string bytes = with_header("NTE|1||plain|a\\F\\b\r");
        const MessageView message = parsed(bytes);
        std::string scratch;
        const std::string_view plain = message.at("NTE-3"_v2).text_into(scratch);
        CHECK(plain == "plain");
        CHECK(plain.data() == message.at("NTE-3"_v2).raw().data());
        CHECK(message.at("NTE-4"_v2).text_into(scratch) == "a|b");
        CHECK(message.at("NTE-4"_v2).is("a|b"));
        CHECK(message.offset_of(plain) == header.size() + 7);
    }

    TEST_CASE("accepts what real senders send, and counts it") {
        struct Row {
            std::string_view bytes;
            std::string_view segments;
            Tolerance used;
            std::uint32_t times;
            Tolerances needed;
        };
        const Tolerances usual = Tolerances::usual();
        for (const auto& row : {
                 Row{"MSH|^~\\&|A\nPID|1\nPV1|1\n", "MSH PID PV1", Tolerance::line_feed, 3, usual},
                 Row{"MSH|^~\\&|A\r\nPID|1\rPV1|1\n", "MSH PID PV1", Tolerance::line_feed, 2, usual},
                 Row{"MSH|^~\\&|A\rPID|1", "MSH PID", Tolerance::missing_final_end, 1, usual},
                 Row{"MSH|^~\\&|A\r\r\n\rPID|1\r\r", "MSH PID", Tolerance::blank_lines, 3, usual},
                 Row{"\xEF\xBB\xBFMSH|^~\\&|A\rPID|1\r", "MSH PID", Tolerance::surrounding_bytes, 1, usual},
                 Row{"\x0BMSH|^~\\&|A\rPID|1\r\x1C\r", "MSH PID", Tolerance::surrounding_bytes, 2, usual},
                 Row{"MSH|^~\\&|A\rPID|1\x1C\r", "MSH PID", Tolerance::surrounding_bytes, 1, usual},
                 Row{"MSH|^~\\&|A\r  PID|1\r", "MSH PID", Tolerance::surrounding_bytes, 1, usual},
                 Row{"MSH|^~\\&|A\rPID|\x01\x02\tx\r", "MSH PID", Tolerance::control_bytes, 2, usual},
                 Row{"MSH|^~\\&|A\rpid|1\r", "MSH PID", Tolerance::lower_case_names, 1,
                     usual.with(Tolerance::lower_case_names)},
                 Row{"msh|^~\\&|A\rPID|1\r", "MSH PID", Tolerance::lower_case_names, 1,
                     usual.with(Tolerance::lower_case_names)},
                 Row{"MSH|^~\\&|A\rNTE|1||two\nlines\r\nand three\rPID|1\r", "MSH NTE PID",
                     Tolerance::joined_text_lines, 2, usual.with(Tolerance::joined_text_lines)},
                 Row{"MSH|^~\\\\&|A\rPID|1\r", "MSH PID", Tolerance::repeated_delimiters, 1,
                     usual.with(Tolerance::repeated_delimiters)},
                 Row{"MSH|^~\\&#!?|A\rPID|1\r", "MSH PID", Tolerance::extra_delimiters, 2,
                     usual.with(Tolerance::extra_delimiters)},
                 Row{"MSH|x~\\&|A\rPID|1\r", "MSH PID", Tolerance::odd_delimiters, 1,
                     usual.with(Tolerance::odd_delimiters)},
                 Row{"PID|1\rPV1|1\r", "PID PV1", Tolerance::missing_header, 1, usual.with(Tolerance::missing_header)},
             }) {
            CAPTURE(row.bytes);
            const MessageView message = parsed(row.bytes, row.needed);
            std::string joined;
            for (const auto& name : names(message)) joined.append(joined.empty() ? "" : " ").append(name);
            CHECK(joined == row.segments);
            CHECK(message.deviations()[row.used] == row.times);
            CHECK(message.bytes() == row.bytes);
            CHECK(MessageView::parse(row.bytes, {{}, row.needed.without(row.used)}).has_error());
        }
    }

    TEST_CASE("a text line joined to a bare segment name counts fields like any other") {
        const MessageView message = parsed("MSH|^~\\&|A\rPI1\rtext|2\rPI2\rmore\r", Tolerances::all());
        REQUIRE(message.size() == 3);
        CHECK(message[1].field_count() == 1);
        std::size_t fields = 0;
        for (const NumberedField field : message[1].fields()) {
            CHECK(field.number == ++fields);
            CHECK(field.field.raw() == message[1].field(field.number).raw());
        }
        CHECK(fields == 1);
        for (const NumberedField field : message[2].fields()) CHECK(field.number == 0);
        const MessageView joined = parsed("MSH|^~\\&|A\rMSH\rtext|2|3\r", Tolerances::all());
        CHECK(joined[1].field_count() == 2);
        for (const NumberedField field : joined[1].fields()) {
            CHECK(field.field.raw() == joined[1].field(field.number).raw());
        }
        const MessageView bare = parsed("MSH|^~\\&|A\rMSH\rPID\r");
        for (const std::size_t i : {1U, 2U}) {
            CHECK(bare[i].field_count() == 0);
            for (const NumberedField field : bare[i].fields()) CHECK(field.number == 0);
        }
    }

    TEST_CASE("tolerances have names") {
        for (std::size_t i = 0; i < tolerance_count; ++i) {
            const auto tolerance = static_cast<Tolerance>(i);
            CHECK(find_tolerance(name(tolerance)) == tolerance);
        }
        CHECK_FALSE(find_tolerance("unknown"));
        const std::vector<std::string_view> list = {"line_feed", "missing_header"};
        CHECK(Tolerances::parse(list) == Tolerances{Tolerance::line_feed, Tolerance::missing_header});
        const std::vector<std::string_view> more = {"usual", "missing_header"};
        CHECK(Tolerances::parse(more) == Tolerances::usual().with(Tolerance::missing_header));
        CHECK(Tolerances::parse({}) == Tolerances::strict());
        CHECK_FALSE(Tolerances::parse(std::vector<std::string_view>{"lenient"}));
    }

    TEST_CASE("a clean message needs no tolerance") {
        const std::string bytes = with_header("PID|1\rZX1|free\r");
        const MessageView message = parsed(bytes, Tolerances::strict());
        CHECK(message.deviations().total() == 0);
        CHECK(message.size() == 3);
    }

    TEST_CASE("finds segments by name and order") {
        const std::string bytes = with_header("OBX|1\rNTE|1\rOBX|2\rNTE|2\rZX1|x\r");
        const MessageView message = parsed(bytes);
        CHECK(message.count("OBX") == 2);
        CHECK(message.segment("OBX", 2).field(1).raw() == "2");
        CHECK(message.segment("OBX", 2).index() == 3);
        CHECK(message.segment("OBX", 2).offset() == header.size() + 12);
        CHECK(message.find("NTE", 3).field(1).raw() == "2");
        CHECK_FALSE(message.find("NTE", 5));
        CHECK_FALSE(message.segment("OBX", 3));
        CHECK_FALSE(message.segment("OB"));
        CHECK(message.is(1, "OBX"));
        CHECK_FALSE(message.is(1, "NTE"));
        CHECK(message.at("OBX(2)-1"_v2).raw() == "2");
    }

    TEST_CASE("keeps to its limits") {
        const std::string bytes = with_header("PID|1\rPV1|1\r");
        const auto too_long = MessageView::parse(bytes, {{.message_bytes_max = 20}, {}});
        REQUIRE(too_long.has_error());
        CHECK(too_long.error().code == Errc::too_large);
        const auto too_many = MessageView::parse(bytes, {{.segments_max = 2}, {}});
        REQUIRE(too_many.has_error());
        CHECK(too_many.error().code == Errc::too_large);
        CHECK(too_many.error().offset == header.size() + 6);
    }

    TEST_CASE("a message that owns its bytes can be moved and cloned, however short") {
        auto first = Message::parse("MSH|^~\\&|A\r");
        REQUIRE(first.has_value());
        const ValueView value = first->view().at("MSH-3"_v2);
        const Message moved = std::move(*first);
        CHECK(value.raw() == "A");
        CHECK(moved->at("MSH-3"_v2).raw().data() == value.raw().data());
        const Message copy = moved.clone();
        CHECK(copy->at("MSH-3"_v2).raw() == "A");
        CHECK(copy->at("MSH-3"_v2).raw().data() != value.raw().data());
    }
}

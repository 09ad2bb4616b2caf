#include "tests/hl7v2/generated/properties.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "hl7v2/acknowledge.hpp"
#include "hl7v2/batch.hpp"
#include "hl7v2/builder.hpp"
#include "hl7v2/charset.hpp"
#include "hl7v2/continuation.hpp"
#include "hl7v2/escape.hpp"
#include "hl7v2/group.hpp"
#include "hl7v2/message.hpp"
#include "hl7v2/print.hpp"
#include "hl7v2/validate/validate.hpp"
#include "hl7v2/xml/xml.hpp"

namespace causeway::hl7v2::testing {

namespace {

// CHECK costs as much as what it checks where it is called for every value: only a failure reaches doctest.
void hold(bool holds, const char* what) {
    if (!holds) FAIL_CHECK(what);
}

void check_field(const FieldView& field, std::string& scratch) {
    std::size_t r = 0;
    for (const RepetitionView repetition : field.repetitions()) {
        hold(field.repetition(++r).raw() == repetition.raw(), "repetitions");
        std::size_t c = 0;
        for (const ComponentView component : repetition.components()) {
            hold(repetition.component(++c).raw() == component.raw(), "components");
            std::size_t s = 0;
            for (const ValueView value : component.subcomponents()) {
                hold(component.subcomponent(++s).raw() == value.raw(), "subcomponents");
                hold(value.text() == value.text_into(scratch), "text");
            }
            hold(s == component.subcomponent_count(), "subcomponent count");
            if (c > 30) break;  // component(n) counts from the front each time
        }
        if (r > 30) return;
    }
    hold(r == field.repetition_count(), "repetition count");
}

void check_segments(const MessageView& message) {
    std::string scratch;
    for (const SegmentView segment : message) {
        hold(segment.name().size() == 3, "name");
        hold(message.bytes().substr(segment.offset(), segment.raw().size()) == segment.raw(), "place in the message");
        std::size_t last = 0;
        for (const NumberedField numbered : segment.fields()) {
            hold(numbered.number == ++last, "field numbers");
            hold(segment.field(last).raw() == numbered.field.raw(), "fields");
            check_field(numbered.field, scratch);
        }
        hold(last == segment.field_count(), "field count");
    }
}

std::size_t count_placed(const GroupNode& group, std::size_t& next) {
    std::size_t nodes = 1;
    for (const GroupNode child : group) {
        hold(child.parent() == group, "parent");
        if (child.is_group()) {
            nodes += count_placed(child, next);
        } else {
            hold(child.segment_index() == next++, "order of the segments");
            ++nodes;
        }
    }
    return nodes;
}

void check_groups(const MessageView& message) {
    const auto structure = dictionary::structure_of(message);
    std::string shown;
    if (!structure) {
        print_tree(message, shown);
        print_json(message, shown);
        return;
    }
    const GroupTree tree = group(message, *structure);
    std::size_t next = 0;
    hold(count_placed(tree.root(), next) == tree.size(), "nodes");
    hold(next == message.size(), "every segment has its place");
    print_tree(tree, shown);
    print_json(tree, shown);
    hold(!shown.empty(), "shown");
    std::string xml;
    write_xml(tree, xml);
    const auto back = read_xml(xml);
    hold(back.has_value(), "XML can be read");
}

void check_validation(const MessageView& message) {
    const auto issues = validate(message, {.profiles = built_in_profiles()});
    for (const ValidationIssue& issue : issues) {
        hold(issue.offset <= message.bytes().size(), "place of an issue");
        hold(!issue.text.empty(), "text of an issue");
    }
    const std::string acknowledgement =
        acknowledge(message, AckCode::ae, err_entries(issues), {.now = "20240102", .control_id = "77"});
    const auto read = Message::parse(acknowledgement);
    REQUIRE(read.has_value());
    hold(read->view().control_id() == "77", "control id of the acknowledgement");
    const auto says = read_acknowledgement(read->view());
    REQUIRE(says.has_value());
    hold(says->code == AckCode::ae, "code of the acknowledgement");
}

void check_edit(const MessageView& message) {
    MessageBuilder builder = MessageBuilder::edit(message);
    hold(builder.text() == message.bytes(), "written back as it was");
    const SegmentView last = message[message.size() - 1];
    if (last.declares_delimiters() || last.raw().size() < 3) return;
    builder.segment(message.size() - 1).set({2}, "changed");
    const std::string edited = builder.text();
    hold(edited.substr(0, last.offset()) == message.bytes().substr(0, last.offset()), "an edit changes nothing before");
    const auto after = message.bytes().substr(last.offset() + last.raw().size());
    hold(edited.ends_with(after), "an edit changes nothing after");
}

void check_addenda(const MessageView& message) {
    const std::string whole = join_addenda(message);
    hold(whole.size() <= message.bytes().size(), "joined addenda");
    const auto read = Message::parse(whole, {{}, Tolerances::all()});
    hold(read.has_value(), "a joined message is a message");
}

}  // namespace

void check_read_message(const MessageView& message) {
    if (message.empty()) return;
    check_segments(message);
    check_edit(message);
    check_groups(message);
    check_validation(message);
    check_addenda(message);
}

bool check_bytes(std::string_view bytes) {
    bool readable = false;
    for (const Tolerances tolerances : {Tolerances::strict(), Tolerances::usual(), Tolerances::all()}) {
        const auto message = Message::parse(std::string(bytes), {{}, tolerances});
        if (message.has_error()) {
            hold(message.error().offset <= bytes.size(), "place of an error");
            continue;
        }
        hold(message->view().deviations().total() == 0 || tolerances != Tolerances::strict(),
             "strict tolerates nothing");
        readable = true;
        if (tolerances != Tolerances::usual()) check_read_message(message->view());
    }
    const DecodedText decoded = decode_to_utf8(bytes);
    hold(valid_utf8_prefix(decoded.text) == decoded.text.size(), "decoded to UTF-8");
    if (decoded.text != bytes) {
        const auto message = Message::parse(decoded.text, {{}, Tolerances::all()});
        if (message) check_read_message(message->view());
    }
    // as part of a stream every byte comes out once
    BatchReader reader;
    const auto room = reader.prepare(bytes.size() + 1);
    std::copy(bytes.begin(), bytes.end(), room.begin());
    reader.commit(bytes.size());
    reader.finish();
    std::string parts;
    while (const auto part = reader.next()) parts += part->bytes;
    hold(parts == bytes, "parts of a stream");
    return readable;
}

}  // namespace causeway::hl7v2::testing

#include "hl7v2/print.hpp"

#include <algorithm>

#include "hl7v2/escape.hpp"

namespace causeway::hl7v2 {

namespace {

using dictionary::Element;
using dictionary::Version;

constexpr std::string_view hexadecimal = "0123456789abcdef";

/// One line of text: control characters are shown, bytes that are not UTF-8 too.
void append_visible(std::string_view text, std::string& out) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte == 0x7f) {
            out.append("\\x").append(1, hexadecimal[byte >> 4U]).append(1, hexadecimal[byte & 15U]);
        } else {
            out += c;
        }
    }
}

/// A JSON string; bytes that are not UTF-8 become U+FFFD.
void append_json(std::string_view text, std::string& out) {
    out += '"';
    while (!text.empty()) {
        const std::size_t valid = valid_utf8_prefix(text);
        for (const char c : text.substr(0, valid)) {
            const auto byte = static_cast<unsigned char>(c);
            if (c == '"' || c == '\\') {
                out.append(1, '\\').append(1, c);
            } else if (c == '\n') {
                out += "\\n";
            } else if (byte < 0x20 || byte == 0x7f) {
                out.append("\\u00").append(1, hexadecimal[byte >> 4U]).append(1, hexadecimal[byte & 15U]);
            } else {
                out += c;
            }
        }
        text.remove_prefix(valid);
        if (text.empty()) break;
        out += "\xEF\xBF\xBD";
        text.remove_prefix(1);
    }
    out += '"';
}

/// What the dictionary says of the places in one segment.
class SegmentNames {
public:
    SegmentNames(Version version, const SegmentView& segment) noexcept
        : version_(version), segment_(segment), definition_(version.segment(segment.name())) {}

    std::string_view title() const noexcept { return definition_ ? definition_->title() : std::string_view{}; }
    Element field(std::size_t n) const noexcept {
        Element element = definition_ ? definition_->field(n) : Element{};
        // OBX-2 says what OBX-5 is
        if (element.datatype == "varies" && segment_.name() == "OBX" && n == 5)
            element.datatype = segment_.at({2}).raw();
        return element;
    }
    Element component(const Element& above, std::size_t n) const noexcept {
        const auto type = version_.datatype(above.datatype);
        return type ? type->component(n) : Element{};
    }

private:
    Version version_;
    SegmentView segment_;
    std::optional<dictionary::Segment> definition_;
};

// --- the tree for people

class TreePrinter {
public:
    TreePrinter(const MessageView& message, std::string& out)
        : version_(dictionary::version(message.version())), out_(out) {}

    void node(const GroupNode& node, std::size_t depth) {
        if (node.is_segment()) {
            segment(node.segment(), depth, node.expected());
            return;
        }
        out_.append(depth * 2, ' ').append(node.name());
        if (node.repetition() > 1) out_.append(" (").append(std::to_string(node.repetition())).append(")");
        out_ += '\n';
        for (const GroupNode child : node) this->node(child, depth + 1);
    }

    void segment(const SegmentView& segment, std::size_t depth, bool expected) {
        const SegmentNames names(version_, segment);
        out_.append(depth * 2, ' ').append(segment.name());
        if (!names.title().empty()) out_.append("  ").append(names.title());
        out_.append("  (byte ").append(std::to_string(segment.offset())).append(")");
        if (!expected) out_ += "  not in the structure";
        out_ += '\n';
        const std::string indent((depth + 1) * 2, ' ');
        for (const NumberedField numbered : segment.fields()) {
            if (numbered.field.absent() && !(segment.declares_delimiters() && numbered.number <= 2)) continue;
            field(segment, names, numbered, indent);
        }
    }

private:
    void field(const SegmentView& segment, const SegmentNames& names, const NumberedField& numbered,
               const std::string& indent) {
        const Element element = names.field(numbered.number);
        const std::string path = std::string(segment.name()) + "-" + std::to_string(numbered.number);
        if (segment.declares_delimiters() && numbered.number <= 2) {
            line(indent, path, element.name, numbered.field.raw());
            return;
        }
        const bool several = numbered.field.repetition_count() > 1;
        std::size_t r = 0;
        for (const RepetitionView repetition : numbered.field.repetitions()) {
            ++r;
            if (repetition.absent()) continue;
            this->repetition(names, element, several ? path + "(" + std::to_string(r) + ")" : path, repetition, indent);
        }
    }

    void repetition(const SegmentNames& names, const Element& element, const std::string& path,
                    const RepetitionView& repetition, const std::string& indent) {
        const bool one = repetition.component_count() == 1 && names.component(element, 1).datatype.empty();
        std::size_t c = 0;
        for (const ComponentView component : repetition.components()) {
            ++c;
            if (component.absent()) continue;
            const Element part = names.component(element, c);
            const std::string name = one ? path : path + "." + std::to_string(c);
            const bool plain = component.subcomponent_count() == 1 && names.component(part, 1).datatype.empty();
            std::size_t s = 0;
            for (const ValueView value : component.subcomponents()) {
                ++s;
                if (value.absent()) continue;
                const std::string_view title = plain ? (one ? element.name : part.name) : names.component(part, s).name;
                line(indent, plain ? name : name + "." + std::to_string(s), title,
                     value.erased() ? value.raw() : value.text());
            }
        }
    }

    void line(const std::string& indent, std::string_view path, std::string_view name, std::string_view value) {
        constexpr std::size_t path_width = 14, name_width = 30;
        out_.append(indent).append(path);
        out_.append(path_width - std::min(path_width, path.size()) + 1, ' ').append(name);
        out_.append(name_width - std::min(name_width, name.size()) + 1, ' ');
        append_visible(value, out_);
        out_ += '\n';
    }

    Version version_;
    std::string& out_;
};

// --- JSON

class JsonPrinter {
public:
    explicit JsonPrinter(std::string& out) noexcept : out_(out) {}

    void header(const MessageView& message, std::string_view structure) {
        const auto member = [this](std::string_view name, std::string_view value) {
            append_json(name, out_);
            out_ += ':';
            append_json(value, out_);
            out_ += ',';
        };
        out_ += '{';
        member("type", message.message_type());
        member("event", message.trigger_event());
        member("version", message.version());
        member("control_id", message.control_id());
        if (!structure.empty()) member("structure", structure);
        const Delimiters& delimiters = message.delimiters();
        member("delimiters", delimiters.field + delimiters.encoding_characters());
        out_.append("\"bytes\":").append(std::to_string(message.bytes().size()));
        out_ += ",\"tolerances\":{";
        bool first = true;
        for (std::size_t i = 0; i < tolerance_count; ++i) {
            const auto tolerance = static_cast<Tolerance>(i);
            if (message.deviations()[tolerance] == 0) continue;
            if (!first) out_ += ',';
            first = false;
            append_json(name(tolerance), out_);
            out_.append(":").append(std::to_string(message.deviations()[tolerance]));
        }
        out_ += "},";
    }

    void node(const GroupNode& node) {
        if (node.is_segment()) {
            segment(node.segment(), node.expected());
            return;
        }
        out_ += "{\"group\":";
        append_json(node.name(), out_);
        out_ += ",\"children\":[";
        bool first = true;
        for (const GroupNode child : node) {
            if (!first) out_ += ',';
            first = false;
            this->node(child);
        }
        out_ += "]}";
    }

    void segment(const SegmentView& segment, bool expected) {
        out_ += "{\"segment\":";
        append_json(segment.name(), out_);
        out_.append(",\"offset\":").append(std::to_string(segment.offset()));
        if (!expected) out_ += ",\"expected\":false";
        out_ += ",\"fields\":{";
        bool first = true;
        for (const NumberedField numbered : segment.fields()) {
            const bool declares = segment.declares_delimiters() && numbered.number <= 2;
            if (numbered.field.absent() && !declares) continue;
            if (!first) out_ += ',';
            first = false;
            out_.append("\"").append(std::to_string(numbered.number)).append("\":");
            if (declares) {
                out_ += "[[";
                append_json(numbered.field.raw(), out_);
                out_ += "]]";
            } else {
                field(numbered.field);
            }
        }
        out_ += "}}";
    }

private:
    void field(const FieldView& field) {
        list(field.repetitions(), [this](const RepetitionView& repetition) {
            list(repetition.components(), [this](const ComponentView& component) {
                if (component.subcomponent_count() == 1) return value(component.value());
                list(component.subcomponents(), [this](const ValueView& leaf) { value(leaf); });
            });
        });
    }

    /// An absent piece is null.
    template <class Pieces, class Write>
    void list(Pieces pieces, Write write) {
        out_ += '[';
        bool first = true;
        for (const auto piece : pieces) {
            if (!first) out_ += ',';
            first = false;
            if (piece.absent()) {
                out_ += "null";
            } else {
                write(piece);
            }
        }
        out_ += ']';
    }

    void value(const ValueView& value) { append_json(value.erased() ? value.raw() : value.text(), out_); }

    std::string& out_;
};

}  // namespace

void print_tree(const GroupTree& tree, std::string& out) { TreePrinter(tree.message(), out).node(tree.root(), 0); }

void print_tree(const MessageView& message, std::string& out) {
    TreePrinter printer(message, out);
    for (const SegmentView segment : message) printer.segment(segment, 0, true);
}

void print_json(const GroupTree& tree, std::string& out) {
    JsonPrinter printer(out);
    printer.header(tree.message(), tree.structure().name());
    out += "\"message\":";
    printer.node(tree.root());
    out += '}';
}

void print_json(const MessageView& message, std::string& out) {
    JsonPrinter printer(out);
    printer.header(message, {});
    out += "\"message\":{\"children\":[";
    for (const SegmentView segment : message) {
        if (segment.index() > 0) out += ',';
        printer.segment(segment, true);
    }
    out += "]}}";
}

}  // namespace causeway::hl7v2

#include <algorithm>
#include <optional>

#include "hl7v2/dictionary/dictionary.hpp"
#include "hl7v2/escape.hpp"
#include "hl7v2/xml/xml.hpp"

namespace causeway::hl7v2 {

namespace {

using dictionary::Element;
using dictionary::Version;

constexpr std::string_view hexadecimal = "0123456789ABCDEF";

/// Characters XML can hold; a control character stands as the escape sequence it would be in ER7.
void append_text(std::string_view text, std::string& out) {
    while (!text.empty()) {
        const std::size_t valid = valid_utf8_prefix(text);
        for (const char c : text.substr(0, valid)) {
            const auto byte = static_cast<unsigned char>(c);
            if (c == '&') {
                out += "&amp;";
            } else if (c == '<') {
                out += "&lt;";
            } else if (c == '>') {
                out += "&gt;";
            } else if (c == '\r' || c == '\n') {
                out += c == '\r' ? "&#13;" : "&#10;";
            } else if (byte < 0x20 && c != '\t') {
                out.append("<escape V=\"X").append(1, hexadecimal[byte >> 4U]).append(1, hexadecimal[byte & 15U]);
                out += "\"/>";
            } else {
                out += c;
            }
        }
        text.remove_prefix(valid);
        if (text.empty()) return;
        out += "\xEF\xBF\xBD";
        text.remove_prefix(1);
    }
}

/// The character that `\F\` and its like stand for; nothing for other sequences.
char delimiter_of(std::string_view sequence, const Delimiters& delimiters) noexcept {
    if (sequence.size() != 1) return '\0';
    switch (sequence.front()) {
        case 'F':
            return delimiters.field;
        case 'S':
            return delimiters.component;
        case 'T':
            return delimiters.subcomponent;
        case 'R':
            return delimiters.repetition;
        case 'E':
            return delimiters.escape;
        case 'P':
            return delimiters.truncation;
        default:
            return '\0';
    }
}

bool is_sequence(std::string_view text) noexcept {
    if (text.empty() || text.size() > 200) return false;
    const char first = text.front();
    const bool known =
        first == '.' || first == 'H' || first == 'N' || first == 'X' || first == 'C' || first == 'M' || first == 'Z';
    return known &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '<' && c != '"' && c != '&'; });
}

/// A value: delimiters as themselves, other sequences as elements, what is no sequence as text.
void append_value(std::string_view raw, const Delimiters& delimiters, std::string& out) {
    while (!raw.empty()) {
        const std::size_t begin = delimiters.escape == '\0' ? std::string_view::npos : raw.find(delimiters.escape);
        append_text(raw.substr(0, begin), out);
        if (begin == std::string_view::npos) return;
        raw.remove_prefix(begin + 1);
        const std::size_t end = raw.find(delimiters.escape);
        const std::string_view sequence = raw.substr(0, end);
        const char plain = end == std::string_view::npos ? '\0' : delimiter_of(sequence, delimiters);
        if (plain != '\0') {
            append_text({&plain, 1}, out);
        } else if (end != std::string_view::npos && is_sequence(sequence)) {
            out.append("<escape V=\"").append(sequence).append("\"/>");
        } else {
            append_text({&delimiters.escape, 1}, out);
            continue;
        }
        raw.remove_prefix(end + 1);
    }
}

/// Nothing but separators of components: there is no value in it.
bool is_hollow(std::string_view raw, const Delimiters& delimiters) noexcept {
    return std::ranges::all_of(
        raw, [&](char c) { return c != '\0' && (c == delimiters.component || c == delimiters.subcomponent); });
}

class XmlWriter {
public:
    XmlWriter(const MessageView& message, std::string& out)
        : version_(dictionary::version(message.version())), out_(out) {}

    void node(const GroupNode& node, std::string_view structure) {
        if (node.is_segment()) return segment(node.segment());
        const std::string name = std::string(structure) + "." + std::string(node.name());
        open(name);
        for (const GroupNode child : node) this->node(child, structure);
        close(name);
    }

    void segment(const SegmentView& segment) {
        const std::string name(segment.name());
        const auto definition = version_.segment(name);
        open(name);
        for (const NumberedField numbered : segment.fields()) {
            const std::string field = name + "." + std::to_string(numbered.number);
            if (segment.declares_delimiters() && numbered.number <= 2) {
                open(field);
                append_text(numbered.field.raw(), out_);
                close(field);
                continue;
            }
            Element element = definition ? definition->field(numbered.number) : Element{};
            if (element.datatype == "varies" && name == "OBX" && numbered.number == 5)
                element.datatype = segment.at({2}).raw();
            const RepetitionView only = numbered.field.repetition(1);
            if (numbered.field.repetition_count() == 1 && is_hollow(only.raw(), only.delimiters())) continue;
            for (const RepetitionView repetition : numbered.field.repetitions())
                this->repetition(field, element, repetition);
        }
        close(name);
    }

    void open(std::string_view name) { out_.append("<").append(name).append(">"); }
    void close(std::string_view name) { out_.append("</").append(name).append(">"); }

private:
    /// An empty repetition keeps its place.
    void repetition(const std::string& name, const Element& element, const RepetitionView& repetition) {
        if (is_hollow(repetition.raw(), repetition.delimiters())) {
            out_.append("<").append(name).append("/>");
            return;
        }
        open(name);
        const auto type = version_.datatype(element.datatype);
        const bool composite = (type && !type->primitive() && repetition.raw() != "\"\"") ||
                               repetition.component_count() > 1 || repetition.component(1).subcomponent_count() > 1;
        if (composite) {
            components(type && !type->primitive() ? std::string(type->name()) : name, type, repetition);
        } else {
            append_value(repetition.component(1).raw(), repetition.delimiters(), out_);
        }
        close(name);
    }

    void components(const std::string& prefix, const std::optional<dictionary::Datatype>& type,
                    const RepetitionView& repetition) {
        std::size_t n = 0;
        for (const ComponentView component : repetition.components()) {
            ++n;
            if (is_hollow(component.raw(), component.delimiters())) continue;
            const std::string name = prefix + "." + std::to_string(n);
            const auto inner = type ? version_.datatype(type->component(n).datatype) : std::nullopt;
            open(name);
            const bool composite =
                (inner && !inner->primitive() && component.raw() != "\"\"") || component.subcomponent_count() > 1;
            if (composite) {
                subcomponents(inner && !inner->primitive() ? std::string(inner->name()) : name, component);
            } else {
                append_value(component.raw(), component.delimiters(), out_);
            }
            close(name);
        }
    }

    void subcomponents(const std::string& prefix, const ComponentView& component) {
        std::size_t n = 0;
        for (const ValueView value : component.subcomponents()) {
            ++n;
            if (value.raw().empty()) continue;
            const std::string name = prefix + "." + std::to_string(n);
            open(name);
            append_value(value.raw(), value.delimiters(), out_);
            close(name);
        }
    }

    Version version_;
    std::string& out_;
};

void begin(std::string_view root, std::string& out) {
    out.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<").append(root).append(" xmlns=\"urn:hl7-org:v2xml\">");
}

}  // namespace

void write_xml(const GroupTree& tree, std::string& out) {
    const std::string_view root = tree.structure().name();
    begin(root, out);
    XmlWriter writer(tree.message(), out);
    for (const GroupNode child : tree.root()) writer.node(child, root);
    writer.close(root);
    out += '\n';
}

void write_xml(const MessageView& message, std::string& out) {
    constexpr std::string_view root = "MESSAGE";
    begin(root, out);
    XmlWriter writer(message, out);
    for (const SegmentView segment : message) writer.segment(segment);
    writer.close(root);
    out += '\n';
}

}  // namespace causeway::hl7v2

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>
#include <vector>

#include "hl7v2/escape.hpp"
#include "hl7v2/xml/xml.hpp"

namespace causeway::hl7v2 {

namespace {

using pugi::xml_node;

constexpr int depth_max = 32;
constexpr std::size_t number_max = 2'000;  // a field or component beyond it is no message's

/// Without its namespace prefix.
std::string_view name_of(const xml_node& node) noexcept {
    const std::string_view name = node.name();
    const std::size_t colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

bool is_segment(std::string_view name) noexcept {
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    return name.size() == 3 && upper(name[0]) &&
           std::all_of(name.begin() + 1, name.end(), [&](char c) { return upper(c) || (c >= '0' && c <= '9'); });
}

/// `PID.3` is 3, `CX.4` is 4, `ZPD.1.2` is 2; 0 if there is none.
std::size_t number_of(std::string_view name) noexcept {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos) return 0;
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(name.data() + dot + 1, name.data() + name.size(), value);
    return error == std::errc{} && end == name.data() + name.size() && value <= number_max ? value : 0;
}

bool has_parts(const xml_node& node) noexcept {
    return std::any_of(node.begin(), node.end(), [](const xml_node& child) {
        return child.type() == pugi::node_element && name_of(child) != "escape";
    });
}

/// Line breaks and indents between elements; a blank alone is a value.
bool is_layout(std::string_view text) noexcept {
    return text.find('\n') != std::string_view::npos && text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

class XmlReader {
public:
    std::string run(const xml_node& root) {
        find_delimiters(root, 0);
        group(root, 0);
        return std::move(out_);
    }

private:
    void find_delimiters(const xml_node& node, int depth) {
        if (depth > depth_max) return;
        for (const xml_node& child : node.children()) {
            if (name_of(child) != "MSH") continue;
            for (const xml_node& field : child.children()) take_delimiters(field);
            return;
        }
    }

    void take_delimiters(const xml_node& field) {
        const std::string_view text = field.child_value();
        const std::size_t number = number_of(name_of(field));
        if (number == 1 && text.size() == 1 && may_delimit(text.front())) delimiters_.field = text.front();
        if (number != 2 || text.empty() || !std::ranges::all_of(text, may_delimit)) return;
        char* const slots[] = {&delimiters_.component, &delimiters_.repetition, &delimiters_.escape,
                               &delimiters_.subcomponent, &delimiters_.truncation};
        for (std::size_t i = 0; i < std::size(slots); ++i) *slots[i] = i < text.size() ? text[i] : '\0';
    }

    void group(const xml_node& node, int depth) {
        if (depth > depth_max) return;
        for (const xml_node& child : node.children()) {
            if (child.type() != pugi::node_element) continue;
            if (is_segment(name_of(child))) {
                segment(child);
            } else {
                group(child, depth + 1);
            }
        }
    }

    void segment(const xml_node& node) {
        const std::string_view name = name_of(node);
        const bool header = name == "MSH" || name == "FHS" || name == "BHS";
        std::vector<std::string> fields;
        std::vector<bool> begun;
        for (const xml_node& child : node.children()) {
            const std::size_t n = number_of(name_of(child));
            if (child.type() != pugi::node_element || n == 0) continue;
            if (fields.size() < n) fields.resize(n), begun.resize(n);
            std::string& field = fields[n - 1];
            if (header && n <= 2) continue;
            if (begun[n - 1] && delimiters_.repetition != '\0') field += delimiters_.repetition;
            begun[n - 1] = true;
            field += repetition(child);
        }
        out_ += name;
        if (header) {
            out_.append(1, delimiters_.field).append(delimiters_.encoding_characters());
        }
        for (std::size_t i = header ? 2 : 0; i < fields.size(); ++i)
            out_.append(1, delimiters_.field).append(fields[i]);
        out_ += '\r';
    }

    std::string repetition(const xml_node& node) {
        if (!has_parts(node)) return value(node);
        return parts(node, delimiters_.component, [this](const xml_node& component) {
            if (!has_parts(component)) return value(component);
            return parts(component, delimiters_.subcomponent, [this](const xml_node& each) { return value(each); });
        });
    }

    /// The numbered children in their places; what has no delimiter to stand behind is left out.
    template <class Write>
    std::string parts(const xml_node& node, char separator, Write write) {
        std::vector<std::string> places;
        for (const xml_node& child : node.children()) {
            const std::size_t n = number_of(name_of(child));
            if (child.type() != pugi::node_element || n == 0 || (separator == '\0' && n > 1)) continue;
            if (places.size() < n) places.resize(n);
            places[n - 1] = write(child);
        }
        std::string out;
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (i > 0) out += separator;
            out += places[i];
        }
        return out;
    }

    std::string value(const xml_node& node) {
        std::string out;
        for (const xml_node& child : node.children()) {
            if (child.type() == pugi::node_pcdata && is_layout(child.value())) continue;
            if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) {
                encode_escapes(child.value(), delimiters_, out);
            } else if (child.type() == pugi::node_element && name_of(child) == "escape" && delimiters_.escape != '\0') {
                sequence(child.attribute("V").value(), out);
            }
        }
        return out;
    }

    void sequence(std::string_view text, std::string& out) {
        const bool plain = !text.empty() && std::ranges::all_of(text, [this](char c) {
            return c >= ' ' && c < 0x7f && c != delimiters_.escape && !delimiters_.separates(c);
        });
        if (plain) out.append(1, delimiters_.escape).append(text).append(1, delimiters_.escape);
    }

    Delimiters delimiters_;
    std::string out_;
};

}  // namespace

bool looks_like_xml(std::string_view front) noexcept {
    if (front.starts_with("\xEF\xBB\xBF")) front.remove_prefix(3);
    const std::size_t first = front.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || front[first] != '<') return false;
    for (std::size_t at = front.find("MSH"); at != std::string_view::npos; at = front.find("MSH", at + 3)) {
        if (front[at - 1] == '\r' || front[at - 1] == '\n' || front[at - 1] == '\v') return false;
    }
    return true;
}

Result<std::string> read_xml(std::string_view xml, std::size_t bytes_max) {
    if (xml.size() > bytes_max) return Error{Errc::too_large, bytes_max};
    pugi::xml_document document;
    const auto parsed = document.load_buffer(xml.data(), xml.size(), pugi::parse_default | pugi::parse_ws_pcdata);
    if (!parsed) return Error{Errc::bad_xml, static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, parsed.offset))};
    std::string message = XmlReader().run(document.document_element());
    if (!message.starts_with("MSH")) return Error{Errc::bad_xml, 0};
    return message;
}

}  // namespace causeway::hl7v2

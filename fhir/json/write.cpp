#include <array>
#include <cstdint>
#include <cstring>

#include "fhir/json/json.hpp"

namespace causeway::fhir {

namespace {

bool needs_escape(unsigned char c) noexcept { return c < 0x20 || c == '"' || c == '\\'; }

/// The first byte from `at` on that JSON wants escaped; the size if there is none. Looks at eight bytes at a time: most
/// texts have none, and writing them is most of what writing JSON is.
std::size_t find_escape(std::string_view text, std::size_t at) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101U, high = ones << 7U;
    const auto has_one = [&](std::size_t from) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + from, 8);
        const std::uint64_t quote = word ^ (ones * '"'), back = word ^ (ones * '\\');
        const std::uint64_t hit = ((word - ones * 0x20U) & ~word) | ((quote - ones) & ~quote) | ((back - ones) & ~back);
        return (hit & high) != 0;
    };
    while (at + 8 <= text.size() && !has_one(at)) at += 8;
    // What is left is less than eight, and the eight it ends are looked at once more with it.
    if (at < text.size() && at + 8 > text.size() && text.size() >= 8 && !has_one(text.size() - 8)) return text.size();
    while (at < text.size() && !needs_escape(static_cast<unsigned char>(text[at]))) ++at;
    return at;
}

void append_escape(unsigned char c, std::string& out) {
    static constexpr std::string_view hex = "0123456789abcdef";
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\b':
            out += "\\b";
            return;
        case '\f':
            out += "\\f";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            out += "\\u00";
            out += hex[c >> 4U];
            out += hex[c & 15U];
    }
}

class Writer {
public:
    Writer(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}

    void value(Element element) {
        switch (element.kind()) {
            case Kind::absent:
            case Kind::null:
                out_ += "null";
                return;
            case Kind::boolean:
            case Kind::number:
                out_ += element.text();
                return;
            case Kind::string:
                append_json_string(element.text(), out_);
                return;
            case Kind::object:
                members(element);
                return;
            case Kind::array:
                items(element);
                return;
        }
    }

private:
    void new_line() {
        if (!pretty_) return;
        out_ += '\n';
        out_.append(2 * depth_, ' ');
    }
    void open(char bracket) {
        out_ += bracket;
        ++depth_;
    }
    void close(char bracket, bool empty) {
        --depth_;
        if (!empty) new_line();
        out_ += bracket;
    }
    void separate(bool& first) {
        if (!first) out_ += ',';
        first = false;
        new_line();
    }
    void name(std::string_view text, bool companion) {
        if (!companion) {
            append_json_string(text, out_);
        } else {
            out_ += "\"_";
            std::string quoted;
            append_json_string(text, quoted);
            out_.append(quoted, 1);
        }
        out_ += pretty_ ? ": " : ":";
    }

    /// The members of an object, or of a primitive: then they are its companion.
    void members(Element element) {
        open('{');
        bool first = true;
        for (const Element child : element.children()) member(child, first);
        close('}', first);
    }

    void member(Element child, bool& first) {
        const bool array = child.is_array();
        bool has_values = !array && (child.kind() != Kind::null || child.size() == 0);
        bool has_companions = !array && child.is_primitive() && child.size() > 0;
        if (array) {
            has_values = child.size() == 0;
            bool any_children = false;
            for (const Element item : child.children()) {
                has_values |= item.kind() != Kind::null;
                any_children |= item.is_primitive() && item.size() > 0;
            }
            has_values |= !any_children;
            has_companions = any_children;
        }
        if (has_values) {
            separate(first);
            name(child.name(), false);
            value(child);
        }
        if (!has_companions) return;
        separate(first);
        name(child.name(), true);
        if (array)
            companions(child);
        else
            members(child);
    }

    void items(Element array) {
        open('[');
        bool first = true;
        for (const Element item : array.children()) {
            separate(first);
            value(item);
        }
        close(']', first);
    }

    void companions(Element array) {
        open('[');
        bool first = true;
        for (const Element item : array.children()) {
            separate(first);
            if (item.is_primitive() && item.size() > 0)
                members(item);
            else
                out_ += "null";
        }
        close(']', first);
    }

    std::string& out_;
    bool pretty_;
    std::size_t depth_ = 0;
};

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
    // Quotes and text in one go, which is nearly always all.
    const std::size_t start = out.size(), plain = find_escape(text, 0);
    out.append(plain + (plain == text.size() ? 2 : 1), '"');
    std::memcpy(out.data() + start + 1, text.data(), plain);
    if (plain == text.size()) return;
    for (std::size_t from = plain;;) {
        const std::size_t at = find_escape(text, from);
        out.append(text, from, at - from);
        if (at == text.size()) break;
        append_escape(static_cast<unsigned char>(text[at]), out);
        from = at + 1;
    }
    out += '"';
}

void write_json(Element element, std::string& out, WriteOptions options) { Writer(out, options.pretty).value(element); }

std::string to_json(Element element, WriteOptions options) {
    std::string out;
    write_json(element, out, options);
    return out;
}

}  // namespace causeway::fhir

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"

namespace causeway::fhir {

namespace {

constexpr std::uint64_t ones = 0x0101010101010101U, high_bits = ones << 7U;

/// Whether one of eight bytes is one that JSON wants escaped: below 0x20, a quote, a backslash.
bool has_escape(std::uint64_t word) noexcept {
    const std::uint64_t quote = word ^ (ones * '"'), back = word ^ (ones * '\\');
    const std::uint64_t hit = ((word - ones * 0x20U) & ~word) | ((quote - ones) & ~quote) | ((back - ones) & ~back);
    return (hit & high_bits) != 0;
}

/// Appends to a string, asking for room seldom: what it has written is in the string when it ends.
class Sink {
public:
    /// `ahead`: how much more room to make than is asked for; it doubles each time.
    Sink(std::string& out, std::size_t ahead) : out_(out), used_(out.size()), ahead_(ahead) {}
    ~Sink() { out_.resize(used_); }
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;

    void put(char c) { *room(1) = c, ++used_; }
    void put(std::string_view text) {
        std::memcpy(room(text.size()), text.data(), text.size());
        used_ += text.size();
    }
    void fill(std::size_t count, char c) {
        std::memset(room(count), c, count);
        used_ += count;
    }
    /// A member's name that stands in its frame, a comma before it unless it is the first.
    void framed(const Node& node, bool first) {
        const std::size_t size = node.name_size + std::size_t{3};
        char* at = room(size + 1 + slack);
        used_ = static_cast<std::size_t>(put_framed(node, first, at) - out_.data());
    }
    /// The same with a string after it.
    void framed_text(const Node& node, bool first) {
        const std::string_view text = node.text();
        char* at = put_framed(node, first, room(node.name_size + text.size() + 6 + slack));
        *at++ = '"';
        const std::size_t plain = copy_plain(text, at);
        at += plain;
        if (plain != text.size()) {
            used_ = static_cast<std::size_t>(at - out_.data());
            escaped(text.substr(plain));
            at = room(1);
        }
        *at++ = '"';
        used_ = static_cast<std::size_t>(at - out_.data());
    }
    /// In quotes, escaped, with `before` and `after` the quotes.
    void quoted(std::string_view text, std::string_view before = {}, std::string_view after = {}) {
        char* at = room(before.size() + text.size() + after.size() + 2 + slack);
        for (const char c : before) *at++ = c;
        *at++ = '"';
        const std::size_t plain = copy_plain(text, at);
        at += plain;
        if (plain != text.size()) {
            used_ = static_cast<std::size_t>(at - out_.data());
            escaped(text.substr(plain));
            at = room(after.size() + 1);
        }
        *at++ = '"';
        for (const char c : after) *at++ = c;
        used_ = static_cast<std::size_t>(at - out_.data());
    }

private:
    static constexpr std::size_t slack = 8;  ///< that copy_plain may write behind what it copies
    static constexpr std::size_t ahead_max = 65536;

    /// Room for so many bytes more.
    char* room(std::size_t size) {
        if (used_ + size > out_.size()) {
            out_.resize(used_ + size + ahead_);
            ahead_ = std::min(2 * ahead_, ahead_max);
        }
        return out_.data() + used_;
    }

    static char* put_framed(const Node& node, bool first, char* at) noexcept {
        static_assert(FramedName::slack >= 8);
        if (!first) *at++ = ',';
        const char* const from = node.name_data - 1;
        const std::size_t size = node.name_size + std::size_t{3};
        for (std::size_t i = 0; i < size; i += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, from + i, 8);
            std::memcpy(at + i, &word, 8);
        }
        return at + size;
    }

    /// Copies up to the first byte that is to be escaped, and says how many. Checks and copies eight bytes at a time:
    /// most texts have none, and writing them is most of what writing JSON is.
    static std::size_t copy_plain(std::string_view text, char* to) noexcept {
        std::size_t at = 0;
        if (text.size() >= 4 && text.size() < 8) {  // the first four and the last four
            std::uint32_t head = 0, tail = 0;
            std::memcpy(&head, text.data(), 4);
            std::memcpy(&tail, text.data() + text.size() - 4, 4);
            if (!has_escape(static_cast<std::uint64_t>(head) << 32U | tail)) {
                std::memcpy(to, &head, 4);
                std::memcpy(to + text.size() - 4, &tail, 4);
                return text.size();
            }
        }
        for (; at + 8 <= text.size(); at += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data() + at, 8);
            if (has_escape(word)) break;
            std::memcpy(to + at, &word, 8);
        }
        if (at + 8 > text.size() && text.size() >= 8 &&
            at != text.size()) {  // the rest, and some of the last eight again
            std::uint64_t word = 0;
            std::memcpy(&word, text.data() + text.size() - 8, 8);
            if (!has_escape(word)) {
                std::memcpy(to + text.size() - 8, &word, 8);
                return text.size();
            }
        }
        for (; at < text.size(); ++at) {
            const auto c = static_cast<unsigned char>(text[at]);
            if (c < 0x20 || c == '"' || c == '\\') break;
            to[at] = text[at];
        }
        return at;
    }

    /// What is left of a text from a byte on that is to be escaped.
    void escaped(std::string_view text) {
        while (!text.empty()) {
            escape(static_cast<unsigned char>(text.front()));
            text.remove_prefix(1);
            const std::size_t plain = copy_plain(text, room(text.size() + slack));
            used_ += plain;
            text.remove_prefix(plain);
        }
    }

    void escape(unsigned char c) {
        static constexpr std::string_view hex = "0123456789abcdef";
        switch (c) {
            case '"':
                return put("\\\"");
            case '\\':
                return put("\\\\");
            case '\b':
                return put("\\b");
            case '\f':
                return put("\\f");
            case '\n':
                return put("\\n");
            case '\r':
                return put("\\r");
            case '\t':
                return put("\\t");
            default:
                put("\\u00");
                put(hex[c >> 4U]);
                put(hex[c & 15U]);
        }
    }

    std::string& out_;
    std::size_t used_, ahead_;
};

class Writer {
public:
    Writer(std::string& out, bool pretty) : out_(out, 512), pretty_(pretty) {}

    void value(Element element) {
        switch (element.kind()) {
            case Kind::absent:
            case Kind::null:
                return out_.put("null");
            case Kind::boolean:
            case Kind::number:
                return out_.put(element.text());
            case Kind::string:
                return out_.quoted(element.text());
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
        out_.put('\n');
        out_.fill(2 * depth_, ' ');
    }
    void open(char bracket) {
        out_.put(bracket);
        ++depth_;
    }
    void close(char bracket, bool empty) {
        --depth_;
        if (!empty) new_line();
        out_.put(bracket);
    }
    void separate(bool& first) {
        if (!first) out_.put(',');
        first = false;
        new_line();
    }
    /// A member's name with what stands before it and after it.
    void name(Element named, bool companion, bool& first) {
        const std::string_view text = named.name();
        if (!companion && !pretty_ && (named.node()->flags & FramedName::flag) != 0)
            return out_.framed(*named.node(), std::exchange(first, false));
        const std::string_view colon = pretty_ ? ": " : ":";
        if (!companion && !pretty_) {
            out_.quoted(text, first ? std::string_view() : ",", colon);
            first = false;
            return;
        }
        separate(first);
        if (!companion) return out_.quoted(text, {}, colon);
        std::string underscored = "_";
        underscored += text;
        out_.quoted(underscored, {}, colon);
    }

    /// The members of an object, or of a primitive: then they are its companion.
    void members(Element element) {
        open('{');
        bool first = true;
        for (const Element child : element.children()) member(child, first);
        close('}', first);
    }

    void member(Element child, bool& first) {
        const Node& node = *child.node();
        if ((node.flags & FramedName::flag) != 0 && !pretty_ && (node.first == nullptr || node.kind == Kind::object)) {
            const bool was_first = std::exchange(first, false);
            if (node.kind == Kind::string) return out_.framed_text(node, was_first);
            out_.framed(node, was_first);
            return value(child);
        }
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
            name(child, false, first);
            value(child);
        }
        if (!has_companions) return;
        name(child, true, first);
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
                out_.put("null");
        }
        close(']', first);
    }

    Sink out_;
    bool pretty_;
    std::size_t depth_ = 0;
};

}  // namespace

void append_json_string(std::string_view text, std::string& out) { Sink(out, 0).quoted(text); }

void write_json(Element element, std::string& out, WriteOptions options) { Writer(out, options.pretty).value(element); }

std::string to_json(Element element, WriteOptions options) {
    std::string out;
    write_json(element, out, options);
    return out;
}

}  // namespace causeway::fhir

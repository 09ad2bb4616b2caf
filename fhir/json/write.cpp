#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

#if defined(__SSE2__)
bool has_escape(__m128i bytes) noexcept {
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), back = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return _mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, back))) != 0;
}
#endif

/// Appends to a string, asking for room seldom: what it has written is in the string when it ends.
class Sink {
public:
    /// `ahead`: how much more room to make than is asked for; it doubles each time.
    Sink(std::string& out, std::size_t ahead) : out_(out), at_(out.data() + out.size()), end_(at_), ahead_(ahead) {}
    ~Sink() { out_.resize(used()); }
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;

    void put(char c) {
        room(1);
        *at_++ = c;
    }
    void put(std::string_view text) {
        std::memcpy(room(text.size()), text.data(), text.size());
        at_ += text.size();
    }
    void fill(std::size_t count, char c) {
        std::memset(room(count), c, count);
        at_ += count;
    }
    /// A member's name that stands in its frame, a comma before it unless it is the first.
    void framed(const Node& node, bool first) {
        at_ = put_framed(node, first, room(node.name_size + std::size_t{4} + slack));
    }
    /// The same with a string after it.
    void framed_text(const Node& node, bool first) {
        at_ = put_framed(node, first, room(node.name_size + node.text_size + std::size_t{6} + slack));
        in_quotes(node.text());
    }
    /// In quotes, escaped, with `before` and `after` the quotes.
    void quoted(std::string_view text, std::string_view before = {}, std::string_view after = {}) {
        room(before.size() + text.size() + after.size() + 2 + slack);
        for (const char c : before) *at_++ = c;
        in_quotes(text, after.size());
        for (const char c : after) *at_++ = c;
    }

private:
    static constexpr std::size_t slack = 8;  ///< that put_framed may write behind what it copies
    static constexpr std::size_t ahead_max = 65536;

    std::size_t used() const noexcept { return static_cast<std::size_t>(at_ - out_.data()); }
    /// Room for so many bytes more.
    char* room(std::size_t size) {
        if (static_cast<std::size_t>(end_ - at_) < size) grow(size);
        return at_;
    }
    void grow(std::size_t size) {
        const std::size_t before = used();
        out_.resize(before + size + ahead_);
        ahead_ = std::min(2 * ahead_, ahead_max);
        at_ = out_.data() + before;
        end_ = out_.data() + out_.size();
    }

    /// There is room for the text as it is, two quotes and `behind` bytes.
    void in_quotes(std::string_view text, std::size_t behind = 0) {
        *at_++ = '"';
        const std::size_t plain = copy_plain(text, at_);
        at_ += plain;
        if (plain != text.size()) {
            escaped(text.substr(plain));
            room(behind + 1);
        }
        *at_++ = '"';
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

    /// Copies up to the first byte that is to be escaped, and says how many. Checks and copies many bytes at a time:
    /// most texts have none, and writing them is most of what writing JSON is. What is left at the end of a text is
    /// looked at together with some of what went before.
    static std::size_t copy_plain(std::string_view text, char* to) noexcept {
        const char* const from = text.data();
        const std::size_t size = text.size();
        std::size_t at = 0;
#if defined(__SSE2__)
        if (size >= 16) {
            const auto sixteen = [&](std::size_t i) {
                const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
                if (has_escape(bytes)) return false;
                _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), bytes);
                return true;
            };
            for (; at + 16 <= size; at += 16)
                if (!sixteen(at)) return copy_bytes(text, to, at);
            if (at == size || sixteen(size - 16)) return size;
            return copy_bytes(text, to, at);
        }
#endif
        for (; at + 8 <= size; at += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, from + at, 8);
            if (has_escape(word)) return copy_bytes(text, to, at);
            std::memcpy(to + at, &word, 8);
        }
        if (at == size) return size;
        if (size >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, from + size - 8, 8);
            if (has_escape(word)) return copy_bytes(text, to, at);
            std::memcpy(to + size - 8, &word, 8);
            return size;
        }
        if (size < 4) return copy_bytes(text, to, at);
        std::uint32_t head = 0, tail = 0;
        std::memcpy(&head, from, 4);
        std::memcpy(&tail, from + size - 4, 4);
        if (has_escape(static_cast<std::uint64_t>(head) << 32U | tail)) return copy_bytes(text, to, at);
        std::memcpy(to, &head, 4);
        std::memcpy(to + size - 4, &tail, 4);
        return size;
    }
    /// The same byte by byte, from `at` on.
    static std::size_t copy_bytes(std::string_view text, char* to, std::size_t at) noexcept {
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
            const std::size_t plain = copy_plain(text, room(text.size()));
            at_ += plain;
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
    char* at_;   ///< behind what is written
    char* end_;  ///< of the room there is
    std::size_t ahead_;
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
        if (!companion && !pretty_ && (named.node()->flags & Node::framed) != 0)
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
        if ((node.flags & Node::framed) != 0 && !pretty_ && (node.first == nullptr || node.kind == Kind::object)) {
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

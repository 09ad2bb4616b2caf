#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hl7v2/dictionary/segment_shapes.hpp"
#include "hl7v2/result.hpp"

namespace causeway::hl7v2 {

/// A place inside a segment. Numbers count from 1 as in the standard; 0 says "not stated", which a reader takes as the
/// first and a writer as the whole.
struct Position {
    std::uint16_t field = 0;
    std::uint16_t repetition = 0;
    std::uint16_t component = 0;
    std::uint16_t subcomponent = 0;

    friend constexpr auto operator<=>(const Position&, const Position&) = default;
};

/// A place in a message: `PID-5`, `PID-3(2).4.1`, `OBX(3)-5`. The ordinal after the segment name counts the segments of
/// that name, the one after the field its repetitions. Square brackets mean the same as round ones.
///
/// In C++ write `"PID-3(2).1"_v2`: a path that cannot be read, or names what no version of the standard has, does not
/// compile. In data use Path::parse.
struct Path {
    std::array<char, 3> segment_name = {};
    std::uint16_t segment_ordinal = 0;  ///< 0: not stated, the first
    Position position = {};

    constexpr std::string_view segment() const noexcept { return {segment_name.data(), segment_name.size()}; }
    friend constexpr bool operator==(const Path&, const Path&) = default;

    /// Reads the text form. Only the form is checked, not whether the dictionary knows such a field.
    static constexpr Result<Path> parse(std::string_view text);

    /// The text form; parse() reads it back.
    std::string text() const;
};

namespace detail {

struct PathReader {
    std::string_view text;
    std::size_t at = 0;

    constexpr bool done() const noexcept { return at == text.size(); }
    constexpr bool next_is(char c) const noexcept { return at < text.size() && text[at] == c; }
    constexpr bool take(char c) noexcept {
        if (!next_is(c)) return false;
        ++at;
        return true;
    }
    /// A number of 1 to 65535; 0 if there is none.
    constexpr std::uint16_t number() noexcept {
        std::uint32_t value = 0;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
            value = value * 10 + static_cast<std::uint32_t>(text[at] - '0');
            if (value > 65535) return 0;
            ++at;
        }
        return static_cast<std::uint16_t>(value);
    }
    /// `(n)` or `[n]`. Absent is fine and leaves `value`.
    constexpr bool ordinal(std::uint16_t& value) noexcept {
        const bool round = next_is('(');
        if (!round && !next_is('[')) return true;
        ++at;
        value = number();
        return value != 0 && take(round ? ')' : ']');
    }
};

constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Reads `text` into `path`; returns where it failed, or npos.
constexpr std::size_t read_path(std::string_view text, Path& path) noexcept {
    if (text.size() < 3) return 0;
    for (std::size_t i = 0; i < 3; ++i) {
        if (!is_upper(text[i]) && !(i > 0 && is_digit(text[i]))) return i;
        path.segment_name[i] = text[i];
    }
    PathReader reader{text, 3};
    if (!reader.ordinal(path.segment_ordinal)) return reader.at;
    if (reader.done()) return std::string_view::npos;
    if (!reader.take('-') || (path.position.field = reader.number()) == 0) return reader.at;
    if (!reader.ordinal(path.position.repetition)) return reader.at;
    if (reader.take('.') && (path.position.component = reader.number()) == 0) return reader.at;
    if (path.position.component != 0 && reader.take('.') && (path.position.subcomponent = reader.number()) == 0) {
        return reader.at;
    }
    return reader.done() ? std::string_view::npos : reader.at;
}

/// Whether some version of the standard has such a field and component. Z segments and unknown ones may hold anything.
constexpr bool names_something(const Path& path) noexcept {
    for (const SegmentShape& shape : segment_shapes) {
        if (shape.name != path.segment()) continue;
        if (path.position.field > shape.components.size()) return false;
        if (path.position.field == 0) return true;
        const int most = shape.components[path.position.field - 1U] - ' ';  // 94 stands for "as many as you like"
        return most == 94 || path.position.component <= most;
    }
    return path.segment_name[0] == 'Z';
}

/// Not constexpr on purpose: reaching it while a literal is compiled is the error message.
void this_path_literal_cannot_be_read();
void this_path_literal_names_nothing_in_the_standard();

}  // namespace detail

constexpr Result<Path> Path::parse(std::string_view text) {
    Path path;
    const std::size_t failed = detail::read_path(text, path);
    if (failed != std::string_view::npos) return Error{Errc::bad_path, failed};
    return path;
}

inline namespace literals {

consteval Path operator""_v2(const char* text, std::size_t size) {
    Path path;
    if (detail::read_path({text, size}, path) != std::string_view::npos) detail::this_path_literal_cannot_be_read();
    if (!detail::names_something(path)) detail::this_path_literal_names_nothing_in_the_standard();
    return path;
}

}  // namespace literals

}  // namespace causeway::hl7v2

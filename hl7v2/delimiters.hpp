#pragma once
#include <string>
#include <string_view>

namespace causeway::hl7v2 {

/// The characters that structure one message, as its MSH-1 and MSH-2 declare them (2.5.1 section 2.5.4).
/// Senders do change them. A character that is not declared is NUL: the message does not use that feature.
struct Delimiters {
    char field = '|';
    char component = '^';
    char repetition = '~';
    char escape = '\\';
    char subcomponent = '&';
    char truncation = '\0';  ///< 2.7 and later; senders of older versions add it too

    friend constexpr bool operator==(const Delimiters&, const Delimiters&) = default;

    /// For text in which nothing is special: MSH-2 itself.
    static constexpr Delimiters none() noexcept { return {'\0', '\0', '\0', '\0', '\0', '\0'}; }

    /// Whether `c` structures a value (every one but the truncation character, which only ends it).
    constexpr bool separates(char c) const noexcept {
        return c != '\0' && (c == field || c == component || c == repetition || c == subcomponent);
    }
    /// Whether `c` must be escaped when it stands in a value.
    constexpr bool special(char c) const noexcept {
        return c != '\0' && (separates(c) || c == escape || c == truncation);
    }

    /// MSH-2 as these delimiters declare it: `^~\&`, or with the truncation character.
    std::string encoding_characters() const;
};

/// Which characters may be a delimiter: printable, not alphanumeric, ASCII.
constexpr bool may_delimit(char c) noexcept {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return c > ' ' && c < '\x7f' && !letter && !(c >= '0' && c <= '9');
}

}  // namespace causeway::hl7v2

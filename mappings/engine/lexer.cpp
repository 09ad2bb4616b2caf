#include "mappings/engine/lexer.hpp"

namespace causeway::mappings {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_alpha(char c) noexcept { return is_upper(c) || (c >= 'a' && c <= 'z'); }
constexpr bool is_word(char c) noexcept { return is_alpha(c) || is_digit(c) || c == '_'; }

/// Each match_* gives the length of the token that begins at the front of `text`, 0 if it is none.
std::size_t match_string(std::string_view text) noexcept {
    if (text.empty() || text.front() != '"') return 0;
    for (std::size_t i = 1; i < text.size() && text[i] != '\n'; ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            return i + 1;
        }
    }
    return 0;
}

std::size_t match_name(std::string_view text) noexcept {
    if (text.empty() || !(is_alpha(text.front()) || text.front() == '_')) return 0;
    std::size_t i = 1;
    while (i < text.size() && (is_word(text[i]) || (text[i] == '-' && i + 1 < text.size() && is_word(text[i + 1]))))
        ++i;
    return i;
}

std::size_t match_digits(std::string_view text, std::size_t from) noexcept {
    std::size_t i = from;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - from;
}

/// `[12]`, `[]` or nothing, from `i` on.
std::size_t match_bracket(std::string_view text, std::size_t i) noexcept {
    if (i >= text.size() || text[i] != '[') return 0;
    const std::size_t digits = match_digits(text, i + 1);
    const std::size_t close = i + 1 + digits;
    return close < text.size() && text[close] == ']' ? digits + 2 : 0;
}

std::size_t match_components(std::string_view text, std::size_t i) noexcept {
    const std::size_t start = i;
    for (int parts = 0; parts < 2 && i < text.size() && text[i] == '.'; ++parts) {
        const std::size_t digits = match_digits(text, i + 1);
        if (digits == 0) break;
        i += digits + 1;
    }
    return i - start;
}

std::size_t match_v2_path(std::string_view text) noexcept {
    if (text.size() >= 5 && is_upper(text[0]) && (is_upper(text[1]) || is_digit(text[1])) &&
        (is_upper(text[2]) || is_digit(text[2]))) {
        std::size_t i = 3 + match_bracket(text, 3);
        if (i < text.size() && text[i] == '-') {
            const std::size_t digits = match_digits(text, i + 1);
            if (digits != 0) {
                i += digits + 1;
                i += match_bracket(text, i);
                return i + match_components(text, i);
            }
        }
    }
    std::size_t letters = 0;
    while (letters < text.size() && is_upper(text[letters])) ++letters;
    if (letters < text.size() && letters == 2 && is_digit(text[letters])) ++letters;  // LA1, LA2
    if (letters < 2 || letters > 4) return 0;
    const std::size_t components = match_components(text, letters);
    if (components == 0) return 0;
    const std::size_t end = letters + components;
    return end < text.size() && is_alpha(text[end]) ? 0 : end;
}

std::size_t match_type_variant(std::string_view text) noexcept {
    std::size_t i = 0;
    while (i < text.size() && is_upper(text[i])) ++i;
    if (i < 2 || i > 4 || i + 1 >= text.size() || text[i] != '.' || !is_alpha(text[i + 1])) return 0;
    return i + 1 + match_name(text.substr(i + 1));
}

std::size_t match_number(std::string_view text) noexcept {
    std::size_t i = !text.empty() && text.front() == '-' ? 1 : 0;
    const std::size_t digits = match_digits(text, i);
    if (digits == 0) return 0;
    i += digits;
    while (i + 1 < text.size() && text[i] == '.' && is_digit(text[i + 1])) i += 1 + match_digits(text, i + 1);
    return i;
}

std::size_t match_code(std::string_view text) noexcept {
    std::size_t i = 0;
    if (text.empty() || !(is_alpha(text.front()) || text.front() == '_')) return 0;
    while (i < text.size() &&
           (is_word(text[i]) || text[i] == '.' || (text[i] == '-' && i + 1 < text.size() && is_word(text[i + 1]))))
        ++i;
    if (i + 1 >= text.size() || text[i] != '#') return 0;
    const std::size_t quoted = match_string(text.substr(i + 1));
    if (quoted != 0) return i + 1 + quoted;
    std::size_t end = i + 1;
    while (end < text.size() && (is_word(text[end]) || text[end] == '.' || text[end] == '+' || text[end] == '-')) ++end;
    return end == i + 1 ? 0 : end;
}

std::size_t match_symbol(std::string_view text) noexcept {
    for (const std::string_view symbol : {"<->", "<-", "->", "=>", "<=", ">=", "!="})
        if (text.substr(0, symbol.size()) == symbol) return symbol.size();
    return std::string_view("{}()[],:=|.*?+<>$/@&;#").find(text.front()) != std::string_view::npos ? 1 : 0;
}

struct Matcher {
    TokenKind kind;
    std::size_t (*match)(std::string_view) noexcept;
};
constexpr Matcher matchers[] = {
    {TokenKind::string, match_string},   {TokenKind::code, match_code},
    {TokenKind::v2_path, match_v2_path}, {TokenKind::type_variant, match_type_variant},
    {TokenKind::number, match_number},   {TokenKind::name, match_name},
    {TokenKind::symbol, match_symbol},
};

}  // namespace

std::vector<Token> tokenize(std::string_view text, std::uint32_t file, const std::string& file_name, Diagnostics& out) {
    std::vector<Token> tokens;
    std::uint32_t line = 1;
    std::size_t line_start = 0;
    std::uint32_t previous_line = 0;
    std::size_t i = 0;
    while (i < text.size()) {
        const char c = text[i];
        if (c == '\n') {
            ++line;
            line_start = ++i;
            continue;
        }
        if (c == ' ' || c == '\t' || c == '\r') {
            ++i;
            continue;
        }
        if (text.substr(i, 2) == "//") {
            while (i < text.size() && text[i] != '\n') ++i;
            continue;
        }
        const Place place{file, line, static_cast<std::uint32_t>(i - line_start + 1), {}};
        // "-5" is a number, but the "-" of "<-5" and of "->" is not: symbols that begin with '-' are tried first.
        const std::string_view rest = text.substr(i);
        std::size_t size = 0;
        TokenKind kind = TokenKind::symbol;
        if (rest.substr(0, 2) == "->") {
            size = 2;
        } else {
            for (const auto& matcher : matchers) {
                size = matcher.match(rest);
                if (size != 0) {
                    kind = matcher.kind;
                    break;
                }
            }
        }
        if (size == 0) {
            out.push_back({"E001", file_name, line, place.column,
                           c == '"' ? std::string("the string is not closed on its line; add \"")
                                    : "stray character; remove it or put it in double quotes"});
            if (c == '"')
                while (i < text.size() && text[i] != '\n') ++i;
            else
                ++i;
            continue;
        }
        tokens.push_back({kind, rest.substr(0, size), place, previous_line});
        previous_line = line;
        i += size;
    }
    tokens.push_back(
        {TokenKind::end, {}, {file, line, static_cast<std::uint32_t>(i - line_start + 1), {}}, previous_line});
    return tokens;
}

}  // namespace causeway::mappings

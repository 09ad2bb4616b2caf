#include "hl7v2/validate/profile_text.hpp"

#include <algorithm>

namespace causeway::hl7v2 {

void skip_blanks(std::string_view& text) noexcept {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

bool begins_quoted(std::string_view text) noexcept {
    skip_blanks(text);
    return text.starts_with('"');
}

std::string next_word(std::string_view& text) {
    skip_blanks(text);
    if (text.empty()) return {};
    if (text.front() == '"') {
        const std::size_t end = std::min(text.find('"', 1), text.size());
        std::string word(text.substr(1, end - 1));
        text.remove_prefix(std::min(end + 1, text.size()));
        return word;
    }
    if (text.front() == '(' || text.front() == ')') {
        std::string word(1, text.front());
        text.remove_prefix(1);
        return word;
    }
    // a parenthesis inside a word belongs to it: C(R/X), 3(2).1
    std::size_t end = 0;
    int open = 0;
    for (; end < text.size() && text[end] != ' ' && text[end] != '\t'; ++end) {
        if (text[end] == '(') ++open;
        if (text[end] == ')' && --open < 0) break;
    }
    std::string word(text.substr(0, end));
    text.remove_prefix(end);
    return word;
}

bool take_word(std::string_view& text, std::string_view word) {
    std::string_view rest = text;
    if (begins_quoted(rest) || next_word(rest) != word) return false;
    text = rest;
    return true;
}

std::string take_values(std::string_view& text, std::vector<std::string>& values) {
    if (!take_word(text, "(")) return "a list of values in parentheses is expected";
    while (!take_word(text, ")")) {
        skip_blanks(text);
        if (text.empty()) return "a closing parenthesis is missing";
        values.push_back(next_word(text));
    }
    return values.empty() ? "a list of values is empty" : "";
}

}  // namespace causeway::hl7v2

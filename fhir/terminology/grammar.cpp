#include "fhir/terminology/grammar.hpp"

#include <algorithm>

#include "fhir/path/ucum.hpp"

namespace causeway::fhir {

namespace {

bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// RFC 6838: type/subtype of restricted names, parameters behind ';'; and the words that FHIR has for its own formats.
bool is_media_type(std::string_view code) noexcept {
    if (code == "json" || code == "xml" || code == "ttl") return true;
    const auto type = code.substr(0, code.find(';'));
    const auto slash = type.find('/');
    if (slash == std::string_view::npos) return false;
    const auto is_name = [](std::string_view name) {
        while (name.ends_with(' ')) name.remove_suffix(1);
        return !name.empty() && name.size() <= 127 && (is_alpha(name.front()) || is_digit(name.front())) &&
               std::all_of(name.begin(), name.end(), [](char c) {
                   return is_alpha(c) || is_digit(c) || std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
               });
    };
    return is_name(type.substr(0, slash)) && is_name(type.substr(slash + 1));
}

/// RFC 5646 in outline: subtags of 1 to 8 letters or digits; the first is a language of 2 to 8 letters, x or i.
bool is_language_tag(std::string_view code) noexcept {
    bool first = true;
    while (true) {
        const auto dash = code.find('-');
        const auto tag = code.substr(0, dash);
        if (tag.empty() || tag.size() > 8) return false;
        if (first && !std::all_of(tag.begin(), tag.end(), is_alpha)) return false;
        if (first && tag.size() == 1 && (dash == std::string_view::npos || (tag != "x" && tag != "i"))) return false;
        if (!std::all_of(tag.begin(), tag.end(), [](char c) { return is_alpha(c) || is_digit(c); })) return false;
        if (dash == std::string_view::npos) return true;
        first = false;
        code = code.substr(dash + 1);
    }
}

bool is_unit(std::string_view code) noexcept { return path::parse_unit(code).has_value(); }

}  // namespace

CodeGrammar code_grammar(std::string_view system) noexcept {
    if (system == "urn:ietf:bcp:13") return is_media_type;
    if (system == "urn:ietf:bcp:47") return is_language_tag;
    if (system == "http://unitsofmeasure.org") return is_unit;
    return nullptr;
}

}  // namespace causeway::fhir

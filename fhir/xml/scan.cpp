#include "fhir/xml/scan.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace causeway::fhir::xml {

namespace {

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_name_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.' || c == ':' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_name_start(char c) noexcept { return is_name_char(c) && !(c >= '0' && c <= '9') && c != '-' && c != '.'; }

std::size_t skip_space(std::string_view bytes, std::size_t at) noexcept {
    while (at < bytes.size() && is_space(bytes[at])) ++at;
    return at;
}

Markup until(std::string_view bytes, std::size_t at, std::string_view end) noexcept {
    const auto found = bytes.find(end, at);
    if (found == std::string_view::npos) return {};
    return {Markup::Kind::other, {}, found + end.size()};
}

bool is_xml_char(std::uint32_t code) noexcept {
    return code == 9 || code == 10 || code == 13 || (code >= 0x20 && code <= 0xD7FF) ||
           (code >= 0xE000 && code <= 0xFFFD) || (code >= 0x10000 && code <= 0x10FFFF);
}

/// The code that a numeric reference's digits name; 0 (never a character) if they are none.
std::uint32_t reference_code(std::string_view digits) noexcept {
    const bool hex = digits.starts_with('x');
    if (hex) digits.remove_prefix(1);
    if (digits.empty() || digits.size() > 7) return 0;
    std::uint32_t code = 0;
    for (const char c : digits) {
        std::uint32_t digit = 16;
        if (c >= '0' && c <= '9')
            digit = static_cast<std::uint32_t>(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = static_cast<std::uint32_t>(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = static_cast<std::uint32_t>(c - 'A') + 10;
        if (digit >= (hex ? 16U : 10U)) return 0;
        code = code * (hex ? 16U : 10U) + digit;
    }
    return code;
}

/// The reference at bytes[at] ('&'): its fault, or an empty text.
std::string_view reference_fault(std::string_view bytes, std::size_t at) noexcept {
    const auto end = bytes.substr(0, std::min(bytes.size(), at + 12)).find(';', at);
    if (end == std::string_view::npos) return "an ampersand that starts no reference";
    const auto name = bytes.substr(at + 1, end - at - 1);
    if (name.starts_with('#'))
        return is_xml_char(reference_code(name.substr(1))) ? std::string_view() : "a reference to no XML character";
    static constexpr std::array<std::string_view, 5> known = {"amp", "lt", "gt", "quot", "apos"};
    return std::find(known.begin(), known.end(), name) != known.end() ? std::string_view()
                                                                      : "an entity that XML does not define";
}

/// Past name="value" pairs to the tag's end; npos if they are not well-formed.
std::size_t skip_attributes(std::string_view bytes, std::size_t at) noexcept {
    std::vector<std::string_view> names;
    for (;;) {
        const std::size_t from = skip_space(bytes, at);
        if (from >= bytes.size()) return std::string_view::npos;
        if (bytes[from] == '>' || bytes[from] == '/') return from;
        if (from == at) return std::string_view::npos;
        std::size_t name_end = from;
        while (name_end < bytes.size() && is_name_char(bytes[name_end])) ++name_end;
        const auto name = bytes.substr(from, name_end - from);
        if (name.empty() || !is_name_start(name[0]) || std::find(names.begin(), names.end(), name) != names.end())
            return std::string_view::npos;
        names.push_back(name);
        std::size_t equals = skip_space(bytes, name_end);
        if (equals >= bytes.size() || bytes[equals] != '=') return std::string_view::npos;
        const std::size_t quote = skip_space(bytes, equals + 1);
        if (quote >= bytes.size() || (bytes[quote] != '"' && bytes[quote] != '\'')) return std::string_view::npos;
        const auto close = bytes.find(bytes[quote], quote + 1);
        if (close == std::string_view::npos || bytes.substr(quote, close - quote).find('<') != std::string_view::npos)
            return std::string_view::npos;
        at = close + 1;
    }
}

}  // namespace

Markup read_markup(std::string_view bytes, std::size_t at) noexcept {
    const auto rest = bytes.substr(at);
    if (rest.starts_with("<!--")) return until(bytes, at + 4, "-->");
    if (rest.starts_with("<![CDATA[")) return until(bytes, at + 9, "]]>");
    if (rest.starts_with("<?")) return until(bytes, at + 2, "?>");
    const bool close = rest.starts_with("</");
    const std::size_t name_at = at + (close ? 2 : 1);
    std::size_t name_end = name_at;
    while (name_end < bytes.size() && is_name_char(bytes[name_end])) ++name_end;
    if (name_end == name_at || !is_name_start(bytes[name_at])) return {};
    const auto name = bytes.substr(name_at, name_end - name_at);
    if (close) {
        const auto end = skip_space(bytes, name_end);
        if (end >= bytes.size() || bytes[end] != '>') return {};
        return {Markup::Kind::close, name, end + 1};
    }
    const auto end = skip_attributes(bytes, name_end);
    if (end == std::string_view::npos) return {};
    if (bytes[end] == '>') return {Markup::Kind::open, name, end + 1};
    if (end + 1 >= bytes.size() || bytes[end + 1] != '>') return {};
    return {Markup::Kind::empty, name, end + 2};
}

std::string_view whole_element(std::string_view bytes, std::size_t at) noexcept {
    std::vector<std::string_view> open;
    for (std::size_t from = at; from < bytes.size();) {
        const Markup markup = read_markup(bytes, from);
        switch (markup.kind) {
            case Markup::Kind::bad:
                return {};
            case Markup::Kind::open:
                open.push_back(markup.name);
                break;
            case Markup::Kind::close:
                if (open.empty() || open.back() != markup.name) return {};
                open.pop_back();
                break;
            default:
                break;
        }
        if (open.empty())
            return markup.kind == Markup::Kind::other ? std::string_view() : bytes.substr(at, markup.end - at);
        from = std::min(bytes.find('<', markup.end), bytes.size());
    }
    return {};
}

std::size_t find_bad_markup(std::string_view bytes, std::size_t at) noexcept {
    std::vector<std::string_view> open;
    for (std::size_t from = at; from < bytes.size();) {
        const Markup markup = read_markup(bytes, from);
        if (markup.kind == Markup::Kind::bad) return from;
        if (markup.kind == Markup::Kind::open) open.push_back(markup.name);
        if (markup.kind == Markup::Kind::close) {
            if (open.empty() || open.back() != markup.name) return from;
            open.pop_back();
        }
        if (open.empty() && markup.kind != Markup::Kind::other) return std::string_view::npos;
        from = std::min(bytes.find('<', markup.end), bytes.size());
    }
    return bytes.size();
}

std::string path_at(std::string_view bytes, std::size_t offset) {
    std::vector<std::string_view> open;
    std::string_view inside;  // the tag that the byte stands in
    for (std::size_t from = bytes.find('<'); from < offset && from < bytes.size();) {
        const Markup markup = read_markup(bytes, from);
        const bool reaches = markup.kind == Markup::Kind::bad || markup.end > offset;
        if (reaches) {
            std::size_t end = from + 1;
            while (end < bytes.size() && is_name_char(bytes[end])) ++end;
            inside = bytes.substr(from + 1, end - from - 1);
            break;
        }
        if (markup.kind == Markup::Kind::open) open.push_back(markup.name);
        if (markup.kind == Markup::Kind::close && !open.empty()) open.pop_back();
        from = bytes.find('<', markup.end);
        if (open.size() > 200) break;
    }
    if (!inside.empty()) open.push_back(inside);
    std::string out;
    for (const auto name : open) {
        if (!out.empty()) out += '.';
        const auto colon = name.find(':');
        out += colon == std::string_view::npos ? name : name.substr(colon + 1);
    }
    return out;
}

Fault find_fault(std::string_view bytes) noexcept {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        const char c = bytes[at];
        if (static_cast<unsigned char>(c) >= 0x20 && c != '&' && c != '<') continue;
        if (c == '<') {
            if (bytes.substr(at).starts_with("<!DOCTYPE")) return {"a document type declaration is not allowed", at};
            if (bytes.substr(at).starts_with("<!--") || bytes.substr(at).starts_with("<![CDATA[")) {
                const Markup skipped = read_markup(bytes, at);
                if (skipped.kind == Markup::Kind::bad) return {"a comment or CDATA section without end", at};
                at = skipped.end - 1;
            }
            continue;
        }
        if (c == '&') {
            if (const auto message = reference_fault(bytes, at); !message.empty()) return {message, at};
        } else if (!is_space(c)) {
            return {"a control character", at};
        }
    }
    return {};
}

bool is_well_formed_element(std::string_view text) {
    return text.starts_with('<') && find_fault(text).message.empty() && whole_element(text, 0).size() == text.size();
}

std::optional<std::string_view> attribute_of(std::string_view element, std::string_view name) noexcept {
    std::size_t at = 1;
    while (at < element.size() && is_name_char(element[at])) ++at;
    for (;;) {
        at = skip_space(element, at);
        const std::size_t from = at;
        while (at < element.size() && is_name_char(element[at])) ++at;
        if (at == from) return std::nullopt;
        const auto found = element.substr(from, at - from);
        const auto quote = element.find_first_of("\"'", at);
        if (quote == std::string_view::npos) return std::nullopt;
        const auto close = element.find(element[quote], quote + 1);
        if (close == std::string_view::npos) return std::nullopt;
        if (found == name) return element.substr(quote + 1, close - quote - 1);
        at = close + 1;
    }
}

}  // namespace causeway::fhir::xml

#include "fhir/validate/primitive.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "fhir/model/date_time.hpp"
#include "fhir/model/reference.hpp"

namespace causeway::fhir {

namespace {

constexpr std::size_t string_bytes_max = std::size_t{1} << 20;

using r4::Primitive;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

std::string_view string_fault(std::string_view text) noexcept {
    bool content = false;
    for (const char c : text) {
        content |= !is_blank(c);
        if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r')
            return "a control character; of these only tab, carriage return and line feed are allowed";
    }
    if (!content) return text.empty() ? "an empty string; leave the element out" : "a string of blanks only";
    if (text.size() > string_bytes_max) return "a string longer than 1 MB";
    return {};
}

std::string_view code_fault(std::string_view text) noexcept {
    bool was_blank = true;
    for (const char c : text) {
        const bool blank = is_blank(c);
        if (blank && was_blank) return "not a code: no blank at the front, none at the end, never two in a row";
        if (static_cast<unsigned char>(c) < 0x20) return "not a code: a control character";
        was_blank = blank;
    }
    return was_blank ? "not a code: at least one character, no blank at the end" : std::string_view();
}

bool is_oid(std::string_view text) noexcept {
    constexpr std::string_view prefix = "urn:oid:";
    if (!text.starts_with(prefix) || text.size() < prefix.size() + 3) return false;
    text.remove_prefix(prefix.size());
    if (text[0] < '0' || text[0] > '2' || text[1] != '.') return false;
    bool first = true;
    for (std::size_t at = 2; at < text.size(); ++at) {
        if (text[at] == '.') {
            if (first) return false;
            first = true;
            continue;
        }
        if (!is_digit(text[at])) return false;
        if (first && text[at] == '0' && at + 1 < text.size() && text[at + 1] != '.') return false;
        first = false;
    }
    return !first;
}

/// A uuid has lower-case digits; a URI that is one is read in either case, as R4's own examples have both.
bool is_uuid(std::string_view text, bool any_case = false) noexcept {
    constexpr std::string_view shape = "urn:uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text.size() != shape.size()) return false;
    for (std::size_t at = 0; at < shape.size(); ++at) {
        const char folded =
            any_case && text[at] >= 'A' && text[at] <= 'F' ? static_cast<char>(text[at] + 32) : text[at];
        if (at >= 9 && shape[at] == 'x' ? !(is_digit(folded) || (folded >= 'a' && folded <= 'f'))
                                        : text[at] != shape[at])
            return false;
    }
    return true;
}

std::string_view uri_fault(std::string_view text) noexcept {
    if (text.empty()) return "an empty string; leave the element out";
    if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20; }))
        return "not a URI: it holds white space";
    if (text.starts_with("urn:oid:") && !is_oid(text)) return "not a URI: urn:oid: and numbers with points";
    if (text.starts_with("urn:uuid:") && !is_uuid(text, true))
        return "not a URI: urn:uuid: and hexadecimal digits in groups";
    return {};
}

bool is_base64(std::string_view text) noexcept {
    std::size_t count = 0;
    std::size_t padding = 0;
    for (const char c : text) {
        if (is_blank(c)) continue;
        const bool letter = is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' || c == '/';
        if (c == '=')
            ++padding;
        else if (!letter || padding > 0)
            return false;
        ++count;
    }
    return count > 0 && count % 4 == 0 && padding <= 2;
}

std::string_view integer_fault(std::string_view text, std::int64_t low) noexcept {
    std::int64_t value = 0;
    const auto end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    const bool shaped = read.ec == std::errc() && read.ptr == end && text != "-0";
    if (!shaped || value < low || value > INT32_MAX) {
        if (low == 1) return "not a positiveInt: a whole number from 1 to 2147483647";
        if (low == 0) return "not an unsignedInt: a whole number from 0 to 2147483647";
        return "not an integer: a whole number of 32 bits";
    }
    return {};
}

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// `lower` at the front of the text, in any case.
bool begins(std::string_view text, std::string_view lower) noexcept {
    if (text.size() < lower.size()) return false;
    for (std::size_t i = 0; i < lower.size(); ++i)
        if (static_cast<char>(text[i] | (is_letter(text[i]) ? 0x20 : 0)) != lower[i]) return false;
    return true;
}

}  // namespace

bool has_active_content(std::string_view xhtml) noexcept {
    for (auto at = xhtml.find('<'); at != std::string_view::npos; at = xhtml.find('<', at + 1)) {
        const auto tag = xhtml.substr(at + 1, xhtml.find('>', at) - at - 1);
        for (const std::string_view name :
             {std::string_view("script"), std::string_view("iframe"), std::string_view("object"),
              std::string_view("embed"), std::string_view("form"), std::string_view("svg"), std::string_view("base"),
              std::string_view("meta"), std::string_view("link")})
            if (begins(tag, name) && (tag.size() == name.size() || !is_letter(tag[name.size()]))) return true;
        for (std::size_t i = 0; i + 3 < tag.size(); ++i) {
            if (begins(tag.substr(i), "javascript:") || begins(tag.substr(i), "vbscript:")) return true;
            const bool starts = is_blank(tag[i]) || tag[i] == '/' || tag[i] == '"' || tag[i] == '\'';
            if (!starts || !begins(tag.substr(i + 1), "on") || !is_letter(tag[i + 3])) continue;
            auto end = i + 3;
            while (end < tag.size() && is_letter(tag[end])) ++end;
            while (end < tag.size() && is_blank(tag[end])) ++end;
            if (end < tag.size() && tag[end] == '=') return true;
        }
    }
    return false;
}

namespace {

std::string_view text_fault(Primitive type, std::string_view text) noexcept {
    // Only strings have a limit in the specification; a name of megabytes is no name.
    const bool name =
        type == Primitive::code || type == Primitive::uri || type == Primitive::url || type == Primitive::canonical;
    if (name && text.size() > string_bytes_max) return "a code or URI longer than 1 MB";
    switch (type) {
        case Primitive::string:
        case Primitive::markdown:
            return string_fault(text);
        case Primitive::xhtml:
            return string_fault(text);
        case Primitive::code:
            return code_fault(text);
        case Primitive::uri:
        case Primitive::url:
        case Primitive::canonical:
            return uri_fault(text);
        case Primitive::id:
            return is_fhir_id(text) ? std::string_view() : "not an id: 1 to 64 letters, digits, '-' or '.'";
        case Primitive::oid:
            return is_oid(text) ? std::string_view() : "not an oid: urn:oid: and numbers with points";
        case Primitive::uuid:
            return is_uuid(text) ? std::string_view() : "not a uuid: urn:uuid: and lower-case digits";
        case Primitive::date:
            return is_fhir_date(text) ? std::string_view() : "not a date: YYYY, YYYY-MM or YYYY-MM-DD";
        case Primitive::date_time:
            return is_fhir_date_time(text)
                       ? std::string_view()
                       : "not a dateTime: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with fraction and zone";
        case Primitive::instant:
            return is_fhir_instant(text) ? std::string_view()
                                         : "not an instant: YYYY-MM-DDThh:mm:ss with a zone, fraction allowed";
        case Primitive::time:
            return is_fhir_time(text) ? std::string_view() : "not a time: hh:mm:ss, fraction allowed";
        case Primitive::base64_binary:
            return is_base64(text) ? std::string_view() : "not base64: letters of RFC 4648 in groups of four";
        case Primitive::integer:
            return integer_fault(text, INT32_MIN);
        case Primitive::unsigned_int:
            return integer_fault(text, 0);
        case Primitive::positive_int:
            return integer_fault(text, 1);
        case Primitive::boolean:
        case Primitive::decimal:
        case Primitive::none:
            return {};
    }
    return {};
}

}  // namespace

bool is_json_type_of(Primitive type, Kind kind) noexcept {
    switch (type) {
        case Primitive::boolean:
            return kind == Kind::boolean;
        case Primitive::decimal:
        case Primitive::integer:
        case Primitive::unsigned_int:
        case Primitive::positive_int:
            return kind == Kind::number;
        default:
            return kind == Kind::string;
    }
}

std::string_view primitive_fault(Primitive type, Element element) noexcept {
    if (is_json_type_of(type, element.kind())) return text_fault(type, element.text());
    if (type == Primitive::boolean) return "not a boolean: true or false, without quotes";
    if (is_json_type_of(type, Kind::number)) return "not a number: written without quotes";
    return "not a string: written with quotes";
}

}  // namespace causeway::fhir

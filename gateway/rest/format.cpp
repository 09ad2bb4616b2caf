#include "gateway/rest/format.hpp"

#include <charconv>
#include <optional>

namespace causeway::rest {
namespace {

using fhir::IssueCode;
using http::equal_ignoring_case;

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Cuts the next piece before `separator` off `text`.
std::string_view next_piece(std::string_view& text, char separator) {
    const auto at = text.find(separator);
    const std::string_view piece = text.substr(0, at);
    text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
    return trim(piece);
}

std::string_view unquote(std::string_view text) {
    return text.size() >= 2 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

struct MediaRange {
    std::string_view type, fhir_version, charset;
    int weight = 1000;
};

MediaRange parse_range(std::string_view text) {
    MediaRange range;
    range.type = next_piece(text, ';');
    while (!text.empty()) {
        std::string_view parameter = next_piece(text, ';');
        const std::string_view name = next_piece(parameter, '=');
        const std::string_view value = unquote(parameter);
        if (equal_ignoring_case(name, "q")) {
            double q = 1;
            std::from_chars(value.data(), value.data() + value.size(), q);
            range.weight = static_cast<int>(std::min(std::max(q, 0.0), 1.0) * 1000);
        } else if (equal_ignoring_case(name, "fhirVersion")) {
            range.fhir_version = value;
        } else if (equal_ignoring_case(name, "charset")) {
            range.charset = value;
        }
    }
    return range;
}

bool is_one_of(std::string_view type, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names)
        if (equal_ignoring_case(type, name)) return true;
    return false;
}

std::optional<Syntax> syntax_of(std::string_view type) {
    if (is_one_of(type, {"application/fhir+json", "application/json", "text/json", "application/json+fhir"}))
        return Syntax::json;
    if (is_one_of(type, {"application/fhir+xml", "application/xml", "text/xml", "application/xml+fhir"}))
        return Syntax::xml;
    return std::nullopt;
}

bool version_fits(std::string_view version) { return version.empty() || version == "4.0" || version == "4.0.1"; }

Fault wrong_version(unsigned status) {
    return fault(status, IssueCode::not_supported, "This server speaks FHIR 4.0 only");
}

}  // namespace

Outcome<Format> negotiate(const http::Headers& headers, std::span<const fhir::search::QueryParameter> parameters) {
    Format format;
    for (const auto& parameter : parameters)
        if (parameter.name == "_pretty") format.pretty = parameter.value == "true";
    for (const auto& parameter : parameters) {
        if (parameter.name != "_format" || parameter.value.empty()) continue;
        const MediaRange range = parse_range(parameter.value);
        if (!version_fits(range.fhir_version)) return wrong_version(406);
        format.stated = true;
        if (range.type == "json") return format;
        // A blank stands here when the '+' of application/fhir+xml was not encoded.
        std::string type(range.type);
        for (char& c : type)
            if (c == ' ') c = '+';
        const auto syntax = type == "xml" ? std::optional(Syntax::xml) : syntax_of(type);
        if (!syntax)
            return fault(406, IssueCode::not_supported, "_format names none of json, xml or their media types");
        format.syntax = *syntax;
        return format;
    }
    std::string_view accept = headers.get("Accept");
    if (accept == "application/fhir+json") format.stated = true;
    if (accept.empty() || accept == "*/*" || format.stated) return format;
    int best = 0;
    bool version_refused = false;
    while (!accept.empty()) {
        const MediaRange range = parse_range(next_piece(accept, ','));
        auto syntax = syntax_of(range.type);
        const bool named = syntax.has_value();
        if (!syntax && is_one_of(range.type, {"*/*", "application/*", "text/*"})) syntax = Syntax::json;
        if (!syntax || range.weight <= best) continue;
        if (!version_fits(range.fhir_version)) {
            version_refused = true;
            continue;
        }
        best = range.weight;
        format.stated = named;
        format.syntax = *syntax;
    }
    if (best == 0 && version_refused) return wrong_version(406);
    format.foreign = best == 0;
    return format;
}

Outcome<BodyType> body_type(const http::Request& request) {
    const std::string_view header = request.headers.get("Content-Type");
    if (header.empty()) return BodyType::none;
    const MediaRange range = parse_range(header);
    if (!range.charset.empty() && !is_one_of(range.charset, {"utf-8", "utf8", "us-ascii"}))
        return fault(415, IssueCode::not_supported, "This server reads UTF-8 only");
    if (!version_fits(range.fhir_version)) return wrong_version(415);
    if (const auto syntax = syntax_of(range.type)) return *syntax == Syntax::json ? BodyType::json : BodyType::xml;
    if (is_one_of(range.type, {"application/json-patch+json"})) return BodyType::json_patch;
    if (is_one_of(range.type, {"application/xml-patch+xml"})) return BodyType::xml_patch;
    if (is_one_of(range.type, {"application/x-www-form-urlencoded"})) return BodyType::form;
    if (is_one_of(range.type, {"application/fhir+ndjson", "application/ndjson", "application/x-ndjson"}))
        return BodyType::ndjson;
    return BodyType::foreign;
}

std::string_view content_type(Syntax syntax) noexcept {
    return syntax == Syntax::json ? "application/fhir+json; charset=utf-8" : "application/fhir+xml; charset=utf-8";
}

Prefer parse_prefer(std::string_view header) {
    Prefer prefer;
    while (!header.empty()) {
        std::string_view piece = next_piece(header, ',');
        while (!piece.empty()) {
            std::string_view one = next_piece(piece, ';');
            const std::string_view name = next_piece(one, '=');
            const std::string_view value = unquote(one);
            if (name == "return") {
                if (value == "minimal") prefer.return_ = Prefer::Return::minimal;
                if (value == "representation") prefer.return_ = Prefer::Return::representation;
                if (value == "OperationOutcome") prefer.return_ = Prefer::Return::outcome;
            } else if (name == "handling" && (value == "lenient" || value == "strict")) {
                prefer.lenient = value == "lenient";
                prefer.handling_stated = true;
            } else if (name == "respond-async") {
                prefer.respond_async = true;
            }
        }
    }
    return prefer;
}

std::string applied(const Prefer& prefer) {
    std::string text;
    switch (prefer.return_) {
        case Prefer::Return::unspecified:
            break;
        case Prefer::Return::minimal:
            text = "return=minimal";
            break;
        case Prefer::Return::representation:
            text = "return=representation";
            break;
        case Prefer::Return::outcome:
            text = "return=OperationOutcome";
            break;
    }
    if (prefer.handling_stated)
        text += (text.empty() ? "" : ", ") + std::string(prefer.lenient ? "handling=lenient" : "handling=strict");
    return text;
}

}  // namespace causeway::rest

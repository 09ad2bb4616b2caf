#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fhir/search/query.hpp"
#include "gateway/rest/fault.hpp"

namespace causeway::rest {

enum class Syntax : std::uint8_t { json, xml };

/// How the answer is to be written.
struct Format {
    Syntax syntax = Syntax::json;
    bool pretty = false;
    /// Accept names no FHIR type: right for a Binary in its own type, else a 406.
    bool foreign = false;
    /// A FHIR type or `_format` was asked for by name, not by a wildcard or silence.
    bool stated = false;
};

/// `_format` beats Accept; a fhirVersion other than 4.0 is a 406.
Outcome<Format> negotiate(const http::Headers& headers, std::span<const fhir::search::QueryParameter> parameters);

/// What a request's Content-Type says its body is.
enum class BodyType : std::uint8_t { none, json, xml, json_patch, xml_patch, form, ndjson, foreign };

/// 415 for a charset other than UTF-8 or a fhirVersion other than 4.0. Without a body or a Content-Type: none.
Outcome<BodyType> body_type(const http::Request& request);

std::string_view content_type(Syntax syntax) noexcept;

/// The Prefer header (RFC 7240) as far as FHIR uses it.
struct Prefer {
    enum class Return : std::uint8_t { unspecified, minimal, representation, outcome } return_ = Return::unspecified;
    bool lenient = false;
    bool respond_async = false;
    bool handling_stated = false;
};
Prefer parse_prefer(std::string_view header);
/// The preferences that were honoured, for Preference-Applied; empty if none was stated.
std::string applied(const Prefer& prefer);

}  // namespace causeway::rest

#pragma once
#include <string>

#include "fhir/model/document.hpp"
#include "fhir/model/limits.hpp"
#include "fhir/result.hpp"

namespace causeway::fhir {

/// Reads JSON text into a document that owns it. Numbers keep their spelling; `x` and `_x` become one element.
/// Refused, with line, column and path: what is not JSON, bad UTF-8, U+0000 and lone surrogates, duplicate member
/// names, a `_x` whose shape does not fit `x`, and what exceeds the limits. Whether the content is FHIR is for
/// validate_structure() to say; any JSON value can be the root.
Result<DocumentPtr> parse_json(std::string bytes, const Limits& limits = {});

struct WriteOptions {
    bool pretty = false;  ///< two spaces per level
};

/// Appends the element as JSON. A document that parse_json() made comes out as it went in, but for white space,
/// the escapes in strings (the shortest are written) and `_x`, which stands right after `x`.
void write_json(Element element, std::string& out, WriteOptions options = {});
std::string to_json(Element element, WriteOptions options = {});

/// Appends the text as a JSON string, with its quotes. The text must be UTF-8.
void append_json_string(std::string_view text, std::string& out);

}  // namespace causeway::fhir

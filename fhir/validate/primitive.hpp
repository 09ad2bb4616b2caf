#pragma once
#include <string_view>

#include "fhir/model/element.hpp"
#include "fhir/r4/tables.hpp"

namespace causeway::fhir {

/// What R4 wants of the value and this one is not; empty if it is valid. `element` has a value (not null).
/// The text is a constant: it never shows the value.
std::string_view primitive_fault(r4::Primitive type, Element element) noexcept;

/// True if the fault is one of JSON type (a quoted number, an unquoted string) and not of the text.
bool is_json_type_of(r4::Primitive type, Kind kind) noexcept;

/// What makes a browser run or load something when it shows this narrative (R4, txt-1 forbids all of it). The whole
/// rule, with its lists of elements and attributes, is validate()'s; this much is refused whoever writes it.
bool has_active_content(std::string_view xhtml) noexcept;

}  // namespace causeway::fhir

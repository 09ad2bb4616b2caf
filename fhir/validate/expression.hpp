#pragma once
#include <string>

#include "fhir/model/element.hpp"
#include "fhir/r4/tables.hpp"

namespace causeway::fhir {

/// The element's place as a FHIRPath from the root of its document, with indexes: `Patient.name[0].given[1]`,
/// `Observation.value.ofType(Quantity).unit`, `Bundle.entry[2].resource.status`. What R4 does not know is written as
/// JSON has it.
std::string expression_of(Element element);

/// The same for a member that is not there: `expression_of(parent)` and its name.
std::string expression_of_missing(Element parent, std::string_view name);

/// The type of an element by R4, found by walking from the root; null where R4 knows none.
const r4::TypeDef* type_of(Element element) noexcept;

/// The type that a resource-valued element has by its resourceType; null if that is missing or unknown.
const r4::TypeDef* resource_type_def(Element resource) noexcept;

}  // namespace causeway::fhir

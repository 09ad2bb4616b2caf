#pragma once
#include "fhir/model/document.hpp"

namespace causeway::fhir {

/// A StructureDefinition with what validation reads: texts for people, mappings and examples left out, which is most of
/// its size. The definition as it came stays with whoever loaded it.
DocumentPtr condensed(Element structure_definition);

}  // namespace causeway::fhir

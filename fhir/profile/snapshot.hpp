#pragma once
#include "fhir/profile/profile.hpp"

namespace causeway::fhir {

/// The StructureDefinition with a snapshot made anew: the base's elements (R4's tables, or the base profile's own
/// snapshot, made the same way) with the differential laid over them. Texts for people are those of the differentials.
Result<DocumentPtr> generate_snapshot(const DocumentPtr& definition, const DefinitionSource& source);

}  // namespace causeway::fhir

#pragma once
#include <span>
#include <string>

#include "fhir/model/document.hpp"
#include "mappings/engine/forward.hpp"
#include "mappings/engine/mapset.hpp"

namespace causeway::mappings {

/// What a message says, written onto what is stored: absent says nothing, `""` deletes, elements no map line can reach
/// stay. A backbone element and a period are merged part by part, other values taken whole. A repeating element that the message sent is a snapshot, except that identifiers and extensions of other
/// systems stay. Idempotent. References in `mapped` must already be what shall be stored.
fhir::DocumentPtr merge(const fhir::Document& stored, const MappedResource& mapped);
fhir::DocumentPtr merge(const fhir::Document& stored, const fhir::Document& mapped,
                        std::span<const std::string> erased);

}  // namespace causeway::mappings

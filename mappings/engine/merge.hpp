#pragma once
#include <span>
#include <string>

#include "fhir/model/document.hpp"
#include "mappings/engine/backward.hpp"
#include "mappings/engine/forward.hpp"
#include "mappings/engine/mapset.hpp"

namespace causeway::mappings {

/// What a message says, written onto what is stored: absent says nothing, `""` deletes, elements no map line can reach
/// stay. A repeating element that the message sent is a snapshot, except that identifiers and extensions of other
/// systems stay. Idempotent. References in `mapped` must already be what shall be stored.
fhir::DocumentPtr merge(const fhir::Document& stored, const MappedResource& mapped);
fhir::DocumentPtr merge(const fhir::Document& stored, const fhir::Document& mapped, std::span<const std::string> erased);

/// An edit of FHIR written back into the message it came from; every byte the edit does not concern stays as it is.
/// `edited` are the resources as they are now: those of forward(message), changed, added to or with some removed.
BackwardResult put(const Plan& plan, const hl7v2::MessageView& message, const ForwardContext& forward_context,
                   std::span<const SourceResource> edited, const BackwardContext& context);

}  // namespace causeway::mappings

#pragma once
#include <string>

#include "gateway/rest/body.hpp"
#include "gateway/rest/write_step.hpp"

namespace causeway::rest {

/// Puts the patch of a request into the step: JSON Patch, XML Patch or FHIRPath Patch, by the body's content type.
Outcome<void> read_patch(const Services& services, const Call& call, WriteStep& step);

/// The patch of a bundle's entry: Parameters (FHIRPath Patch), or a Binary that holds a patch of another kind.
Outcome<void> read_patch(const Services& services, const fhir::DocumentPtr& resource, WriteStep& step);

}  // namespace causeway::rest

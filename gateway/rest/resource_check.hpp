#pragma once
#include <string_view>

#include "gateway/rest/call.hpp"
#include "gateway/rest/resource_writer.hpp"

namespace causeway::rest {

/// Everything that R4, the profiles the resource names and the one asked for say of it. Places count from the resource.
Outcome<fhir::Issues> checked_issues(const Services& services, const Call& call, fhir::Element resource,
                                     std::string_view profile);

/// Before a client's content is written, where Settings::validate_writes wants more than structure: errors are a 422, warnings
/// go into the draft.
Outcome<void> check_content(const Services& services, const Call& call, Draft& draft);

}  // namespace causeway::rest

#pragma once
#include "gateway/rest/call.hpp"

namespace causeway::rest {

/// The CapabilityStatement of what is wired: types, interactions, search parameters, operations. `mode=terminology`
/// gives TerminologyCapabilities. Carries an ETag that changes with its content.
Outcome<http::Response> capabilities(const Services& services, const Call& call);

}  // namespace causeway::rest

#pragma once
#include "gateway/rest/call.hpp"

namespace causeway::rest {

/// The CapabilityStatement of what is wired: types, interactions, search parameters, operations. `mode=terminology`
/// gives TerminologyCapabilities. Carries an ETag that changes with its content.
Outcome<http::Response> capabilities(const Services& services, const Call& call);

/// The OperationDefinition of an operation of this server by the id its canonical URL ends with; empty if there is none.
std::string operation_definition(const Operations& operations, std::string_view id);

}  // namespace causeway::rest

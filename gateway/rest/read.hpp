#pragma once
#include "gateway/rest/call.hpp"

namespace causeway::rest {

/// The interactions that only read. Each works on one state of the store: a Snapshot, or a Transaction inside a bundle.

Outcome<http::Response> read(const Services& services, storage::Reader& reader, const Call& call);
Outcome<http::Response> vread(const Services& services, storage::Reader& reader, const Call& call);
/// Of the instance, the type or the system, as the route says.
Outcome<http::Response> history(const Services& services, storage::Reader& reader, const Call& call);
/// Of the type, the system or a compartment. The call's parameters hold the form of a POST too.
Outcome<http::Response> search(const Services& services, storage::Reader& reader, const Call& call);

/// The conditions of a conditional interaction ("identifier=sys|v"): strict, without result parameters; empty is a 412.
Outcome<fhir::search::SearchPlan> parse_condition(const Services& services, const std::string& base, std::string_view type,
                                                  std::string_view query, std::int64_t now_us);

}  // namespace causeway::rest

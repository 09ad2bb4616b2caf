#pragma once
#include <optional>
#include <string>

#include "gateway/rest/call.hpp"

namespace causeway::rest {

/// What a method means at a place; nullopt: nothing, a 405.
std::optional<security::Interaction> interaction_of(http::Method method, Route::Kind kind);
/// For an Allow field.
std::string allowed_methods(Route::Kind kind);
Fault not_allowed(Route::Kind kind);

/// Asks the door; on a yes the call carries what it may see.
Outcome<void> authorize(const Services& services, Call& call);

/// Queues the audit row of a read. Nothing is read unaudited: where the row cannot be queued the outcome becomes a 503.
Outcome<http::Response> audited(const Services& services, const Call& call, Outcome<http::Response> outcome);
/// The answer of a write with a row for its failure; what succeeded has its row in its own transaction.
Answer audit_of_failures(const Services& services, CallPtr call, Answer answer);

}  // namespace causeway::rest

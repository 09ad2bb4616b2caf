#pragma once
#include "gateway/rest/call.hpp"

namespace causeway::rest {

/// A transaction Bundle: all entries or none, in the order DELETE, POST, PUT, GET whatever the order of the entries.
///
/// Parsing, checking, rewriting references and indexing happen before the store's lock, on the assumption that
/// conditions resolve as they do in the newest snapshot. Inside the job they are resolved again; only what turned out
/// otherwise is made anew there. A `history` bundle is taken as the transaction that replays it.
void run_transaction(const Services& services, CallPtr call, fhir::DocumentPtr bundle, Answer answer);

}  // namespace causeway::rest

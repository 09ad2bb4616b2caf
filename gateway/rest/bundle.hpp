#pragma once
#include <functional>

#include "gateway/rest/call.hpp"

namespace causeway::rest {

/// How an entry of a batch is carried out: as if it had come alone.
using Dispatch = std::function<void(CallPtr call, Answer answer)>;

/// POST [base] with a Bundle: batch, transaction, history (replication) or message. Anything else is a 400.
void run_bundle(const Services& services, CallPtr call, fhir::DocumentPtr bundle, const Dispatch& dispatch,
                Answer answer);

}  // namespace causeway::rest

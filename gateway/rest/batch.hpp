#pragma once
#include "gateway/rest/bundle.hpp"

namespace causeway::rest {

/// Each entry by itself, some at a time, answers in the order of the entries. One entry's fault is its own.
void run_batch(const Services& services, CallPtr call, fhir::DocumentPtr bundle, const Dispatch& dispatch,
               Answer answer);

}  // namespace causeway::rest

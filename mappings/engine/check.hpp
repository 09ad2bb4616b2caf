#pragma once
#include "mappings/engine/diagnostic.hpp"
#include "mappings/engine/plan.hpp"

namespace causeway::mappings {

/// What can be said about maps that compile without running them: lines nothing can reach, branches that are never
/// chosen on the way back, fields without a way back, slices that do not exclude each other. None of it stops a map
/// from being used, so loading does not ask for it; `causeway maps check` does.
///
/// W171 unreachable, W170 overlapping slices, W211 branch never chosen backward, W230 no way back, W231 a map, type or
/// table that nothing uses.
Diagnostics check(const Plan& plan);

}  // namespace causeway::mappings

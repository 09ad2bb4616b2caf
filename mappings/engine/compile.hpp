#pragma once
#include <string_view>
#include <vector>

#include "mappings/engine/library.hpp"
#include "mappings/engine/plan.hpp"

namespace causeway::mappings {

/// Gives every name of a library its meaning, checks every path against the two models, and builds the plan for
/// messages of one version. All faults are reported (E11x to E17x, W2xx); the plan is of use only if none is an error.
std::shared_ptr<const Plan> compile(const Library& library, std::string_view site, std::string_view version,
                                    const std::vector<MapSource>& sources, Diagnostics& out);

}  // namespace causeway::mappings

#pragma once
#include <string>

#include "mappings/engine/plan.hpp"

namespace causeway::mappings {

/// The parts of the maps' reference page that the engine knows best, in Markdown: codecs, functions, settings, what the
/// messages to people mean, and what is shipped. docs/maps.md holds it; a test compares.
std::string reference(const Plan& plan);

}  // namespace causeway::mappings

#pragma once
#include <vector>

#include "mappings/engine/diagnostic.hpp"
#include "mappings/engine/syntax.hpp"

namespace causeway::mappings {

/// Reads one map file. Never throws and always ends: after a fault it goes on at the next statement, so that one run
/// reports every fault. What could be read is returned.
std::vector<syntax::Declaration> parse(const MapSource& source, std::uint32_t file, Diagnostics& out);

}  // namespace causeway::mappings

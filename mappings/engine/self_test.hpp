#pragma once
#include "mappings/engine/mapset.hpp"

namespace causeway::mappings {

/// What is tried on every plan before it comes into force: for each message the maps know, one with the segments it
/// cannot do without goes forward, back, and into itself again. Says for which site and message that fails (E190);
/// empty if nothing does.
Diagnostics self_test(const MapSet& maps);

}  // namespace causeway::mappings

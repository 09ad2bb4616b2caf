#pragma once
#include <string>
#include <vector>

#include "mappings/engine/diagnostic.hpp"

namespace causeway {

/// The *.map files of a folder, in the order of their names. A folder that cannot be read has none.
std::vector<mappings::MapSource> read_map_files(const std::string& folder);

}  // namespace causeway

#pragma once
#include <string>
#include <vector>

#include "mappings/engine/mapset.hpp"

namespace causeway {

/// The *.map files of a folder, in the order of their names. A folder that cannot be read has none.
std::vector<mappings::MapSource> read_map_files(const std::string& folder);

/// Changes whenever a map file of the folder comes, goes or is written: names, sizes and times of change.
std::string map_files_state(const std::string& folder);

/// The shipped maps with the folder's on top (empty: without), loaded and tried out; `maps` is null and `faults` says
/// why when they may not be used.
struct LoadedMaps {
    std::shared_ptr<const mappings::MapSet> maps;
    std::vector<std::string> faults;
};
LoadedMaps load_and_try_maps(const std::string& folder);

}  // namespace causeway

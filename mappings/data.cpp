#include "mappings/data.hpp"

#include "mappings/builtin_maps.hpp"
#include "mappings/engine/mapset.hpp"
#include "mappings/zones.hpp"

namespace causeway::mappings {

std::string_view zones_text() { return embedded::zones().front().bytes; }

std::vector<MapSource> MapSet::builtin() {
    std::vector<MapSource> sources;
    for (const auto& file : embedded::builtin_maps())
        sources.push_back({std::string(file.path), std::string(file.bytes)});
    return sources;
}

}  // namespace causeway::mappings

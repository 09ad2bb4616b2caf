#include "gateway/main/map_files.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace causeway {

std::vector<mappings::MapSource> read_map_files(const std::string& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
        if (entry.path().extension() == ".map") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    std::vector<mappings::MapSource> sources;
    for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        sources.push_back({file.string(), std::string{std::istreambuf_iterator<char>(in), {}}});
    }
    return sources;
}

}  // namespace causeway

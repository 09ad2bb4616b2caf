#include "gateway/main/map_files.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "mappings/engine/self_test.hpp"

namespace causeway {
namespace {

std::vector<std::filesystem::path> map_files(const std::string& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
        if (entry.path().extension() == ".map") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

std::vector<mappings::MapSource> read_map_files(const std::string& folder) {
    std::vector<mappings::MapSource> sources;
    for (const auto& file : map_files(folder)) {
        std::ifstream in(file, std::ios::binary);
        sources.push_back({file.string(), std::string{std::istreambuf_iterator<char>(in), {}}});
    }
    return sources;
}

std::string map_files_state(const std::string& folder) {
    std::string state;
    for (const auto& file : map_files(folder)) {
        std::error_code error;
        const auto time = std::filesystem::last_write_time(file, error).time_since_epoch().count();
        state += file.string() + " " + std::to_string(std::filesystem::file_size(file, error)) + " " +
                 std::to_string(time) + "\n";
    }
    return state;
}

LoadedMaps load_and_try_maps(const std::string& folder) {
    LoadedMaps out;
    auto sources = mappings::MapSet::builtin();
    if (!folder.empty())
        for (auto& each : read_map_files(folder)) sources.push_back(std::move(each));
    auto loaded = mappings::MapSet::load(std::move(sources));
    if (loaded.maps && !folder.empty())  // the shipped maps have been tried by the test suite
        for (auto& each : mappings::self_test(*loaded.maps)) loaded.diagnostics.push_back(std::move(each));
    if (!loaded.maps || mappings::has_errors(loaded.diagnostics)) {
        for (const auto& each : loaded.diagnostics)
            if (each.is_error()) out.faults.push_back(each.to_string());
        return out;
    }
    out.maps = std::move(loaded.maps);
    return out;
}

}  // namespace causeway

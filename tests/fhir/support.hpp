#pragma once
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace causeway::test {

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// A folder of third-party test data, or an empty path where CAUSEWAY_TEST_DATA is not set: then its tests pass over.
inline std::filesystem::path test_data(const char* folder) {
    const char* root = std::getenv("CAUSEWAY_TEST_DATA");
    if (!root) return {};
    auto path = std::filesystem::path(root) / folder;
    return std::filesystem::exists(path) ? path : std::filesystem::path();
}

inline std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder, const std::string& extension) {
    std::vector<std::filesystem::path> found;
    if (folder.empty()) return found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        if (entry.is_regular_file() && entry.path().extension() == extension) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

/// The official R4 example resources in JSON.
inline std::vector<std::filesystem::path> example_files() { return files_in(test_data("fhir/r4-examples"), ".json"); }

}  // namespace causeway::test

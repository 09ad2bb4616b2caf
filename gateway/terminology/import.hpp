#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::terminology {

/// A code system that files of its publisher can be imported for.
struct ImportableSystem {
    std::string_view name;  ///< on the command line, and of its file
    std::string_view url;   ///< as FHIR names it
    std::string_view title;
    std::string_view files;  ///< which files are taken, for people
};

std::span<const ImportableSystem> importable_systems() noexcept;
const ImportableSystem* find_importable(std::string_view name) noexcept;

struct ImportOptions {
    std::string version = {};          ///< empty: as the files say it
    std::string language_refset = {};  ///< SNOMED CT: whose preferred terms are displays; empty: US English
};

struct ImportReport {
    std::string version;
    std::size_t concepts = 0;
    std::size_t names = 0;
    std::size_t properties = 0;
    std::size_t links = 0;  ///< to a parent
    std::vector<std::string> notes;
};

/// Reads the publisher's files, told apart by their content and given in any order, and puts the system into `folder`
/// in the place of what was there. Nothing changes if it fails: std::runtime_error with file and line. One record is in
/// memory at a time, and the codes. May take minutes for SNOMED CT.
ImportReport import_system(const ImportableSystem& system, std::span<const std::filesystem::path> files,
                           const std::filesystem::path& folder, const ImportOptions& options = {});

/// Takes a system away again; false if it is not there.
bool remove_system(const ImportableSystem& system, const std::filesystem::path& folder);

}  // namespace causeway::terminology

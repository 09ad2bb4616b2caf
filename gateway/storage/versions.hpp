#pragma once
#include <string>
#include <vector>

namespace causeway::storage {

struct LibraryVersion {
    std::string name, built, running;
};

/// The libraries underneath the store: SQLite and zstd.
std::vector<LibraryVersion> library_versions();

}  // namespace causeway::storage

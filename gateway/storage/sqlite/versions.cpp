#include "gateway/storage/versions.hpp"

#include <sqlite3.h>
#include <zstd.h>

namespace causeway::storage {

std::vector<LibraryVersion> library_versions() {
    return {{"SQLite", SQLITE_VERSION, sqlite3_libversion()}, {"zstd", ZSTD_VERSION_STRING, ZSTD_versionString()}};
}

}  // namespace causeway::storage

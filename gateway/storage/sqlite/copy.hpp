#pragma once
#include "gateway/storage/sqlite/connection.hpp"

#include <cstdint>
#include <string>
#include <string_view>

struct sqlite3_backup;

namespace causeway::storage {

/// A copy of the database in the making, through the writer's own connection: writes of that connection do not restart
/// it.
class DatabaseCopy {
public:
    /// The target must not exist; it gets the source's page key.
    DatabaseCopy(Connection& source, const std::string& target);
    DatabaseCopy(const DatabaseCopy&) = delete;
    DatabaseCopy& operator=(const DatabaseCopy&) = delete;
    ~DatabaseCopy();
    /// Copies some pages; true when the copy is complete and closed.
    bool step(int pages);

private:
    std::string target_;
    sqlite3* to_ = nullptr;
    sqlite3_backup* backup_ = nullptr;
};

/// All at once.
void copy_database(Connection& source, const std::string& target);

/// Writes every page of a finished copy anew under another key (see StoreSecrets::pages; empty: plain).
void rekey_copy(const std::string& file, std::string_view old_key, std::string_view new_key);

/// SHA-256 of a file, hexadecimal, and its size.
std::pair<std::string, std::uint64_t> file_digest(const std::string& path);

}  // namespace causeway::storage

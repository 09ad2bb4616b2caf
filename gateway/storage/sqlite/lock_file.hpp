#pragma once
#include "gateway/storage/types.hpp"

#include <filesystem>

namespace causeway::storage {

/// An exclusive lock beside the database for as long as this lives: two daemons on one file would be two writers.
class LockFile {
public:
    /// Throws FailureException (locked) if another process has it.
    explicit LockFile(const std::filesystem::path& path);
    LockFile(const LockFile&) = delete;
    LockFile& operator=(const LockFile&) = delete;
    ~LockFile();

private:
    int descriptor_ = -1;
};

/// Another process holds the lock now.
bool lock_held(const std::filesystem::path& path);

}  // namespace causeway::storage

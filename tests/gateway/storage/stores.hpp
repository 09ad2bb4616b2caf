#pragma once
#include "gateway/storage/memory/memory_store.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"
#include "gateway/storage/storage.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

namespace causeway::storage::test {

/// A folder of its own, gone at the end.
class Folder {
public:
    Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder();
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// One store with a clock that stands still until it is moved, and a failure that can be switched on.
struct SqliteDriver {
    static constexpr const char* name = "sqlite";
    explicit SqliteDriver(SqliteOptions options = {});
    void open();
    void reopen() {
        store.reset();
        open();
    }
    Folder folder;
    SqliteOptions options;
    std::shared_ptr<std::atomic<TimeUs>> clock = std::make_shared<std::atomic<TimeUs>>(1'700'000'000'000'000);
    std::shared_ptr<std::atomic<int>> failures = std::make_shared<std::atomic<int>>(0);
    std::unique_ptr<Store> store;
};

struct MemoryDriver {
    static constexpr const char* name = "memory";
    MemoryDriver();
    std::shared_ptr<std::atomic<TimeUs>> clock = std::make_shared<std::atomic<TimeUs>>(1'700'000'000'000'000);
    std::shared_ptr<std::atomic<int>> failures = std::make_shared<std::atomic<int>>(0);
    std::unique_ptr<Store> store;
};

/// A resource ready to be written, with the search values that its body gives.
PreparedResource prepared(Store& store, std::string_view type, std::string_view id, std::string_view json);
/// The same without search values.
PreparedResource plain(Store& store, std::string_view type, std::string_view id, std::string_view json);

Result<WriteResult> put(Store& store, std::string_view type, std::string_view id, std::string_view json,
                        std::optional<std::int64_t> if_version = {});
Result<std::optional<WriteResult>> erase(Store& store, std::string_view type, std::string_view id);
std::optional<StoredResource> read(Store& store, std::string_view type, std::string_view id);

}  // namespace causeway::storage::test

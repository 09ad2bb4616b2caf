#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "gateway/storage/sqlite/sqlite_store.hpp"
#include "tests/bench/patient_crowd.hpp"

namespace causeway::bench {

/// The store whose folder CAUSEWAY_BENCH_STORE names (made by fill_patient_store), or one of 20,000 people in a folder of
/// its own. Benchmarks write to it. CAUSEWAY_BENCH_CACHE_MB: the writer's page cache, as storage.writer_cache_kb sets it.
class FilledStore {
public:
    explicit FilledStore(bool resources) {
        const char* given = std::getenv("CAUSEWAY_BENCH_STORE");
        own_ = given == nullptr;
        folder_ = own_ ? std::filesystem::temp_directory_path() / ("causeway-bench-" + std::to_string(::getpid()))
                       : std::filesystem::path(given);
        if (own_) {
            fill_rows(folder_, PatientCrowd(20'000), resources);
            fill_blocks(folder_);
        }
        storage::SqliteOptions options;
        options.file = folder_ / "store.db";
        options.fast_check = false;
        const char* cache = std::getenv("CAUSEWAY_BENCH_CACHE_MB");
        options.writer_cache_bytes = (cache ? std::strtoul(cache, nullptr, 10) : 64) << 20U;
        store_ = storage::open_sqlite(std::move(options)).value();
        people_ = static_cast<std::uint32_t>(store_->snapshot().value()->patients().record_count().value());
    }
    FilledStore(const FilledStore&) = delete;
    FilledStore& operator=(const FilledStore&) = delete;
    ~FilledStore() {
        store_->close();
        store_.reset();
        if (own_) std::filesystem::remove_all(folder_);
    }

    storage::Store& store() { return *store_; }
    std::uint32_t people() const { return people_; }
    double file_gb() const { return static_cast<double>(std::filesystem::file_size(folder_ / "store.db")) / 1e9; }
    /// Most memory that this process has had.
    static double memory_gb() {
        std::ifstream status("/proc/self/status");
        std::string word;
        while (status >> word)
            if (word == "VmHWM:") {
                double kb = 0;
                status >> kb;
                return kb / 1e6;
            }
        return 0;
    }

private:
    bool own_ = false;
    std::filesystem::path folder_;
    std::unique_ptr<storage::Store> store_;
    std::uint32_t people_ = 0;
};

}  // namespace causeway::bench

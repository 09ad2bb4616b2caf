#pragma once
#include "gateway/storage/secrets.hpp"
#include "gateway/storage/storage.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>

namespace causeway::fhir {
class Terminology;
namespace search {
class CustomParameters;
}
}  // namespace causeway::fhir

namespace causeway::storage {

/// Limits and places of a SQLite store.
struct SqliteOptions {
    std::filesystem::path file;  ///< the database; `<file>.lock` is held while it is open
    StoreSecrets secrets;
    std::function<TimeUs()> now_us;    ///< empty = system clock
    std::size_t readers_max = 8;       ///< read-only connections, opened when needed
    std::size_t group_jobs_max = 512;  ///< jobs in one commit
    std::size_t group_bytes_max = 8u << 20;
    std::size_t queue_jobs_max = 16'384;
    std::size_t queue_bytes_max = 256u << 20;
    std::size_t checkpoint_log_bytes = 64u << 20;
    std::size_t writer_cache_bytes = 24u << 20;
    std::size_t reader_cache_bytes = 10u << 20;
    TimeUs page_token_life_us = 3'600'000'000;  ///< the snapshot horizon
    std::int32_t zone_offset_minutes = 0;  ///< how search values were extracted: for the checks that go back to a body
    std::string base_url;
    /// Decides `:in`, `:not-in`, `:above` and `:below`; empty: these are not supported. Called from every thread.
    std::function<std::shared_ptr<const fhir::Terminology>()> terminology;
    /// Search parameters beside R4's own, for checks that go back to a body; may be empty. Called from every thread.
    std::function<std::shared_ptr<const fhir::search::CustomParameters>()> custom_parameters;
    bool fast_check = true;        ///< quick_check at start when the file was not closed cleanly
    std::size_t walk_min = 3'000;  ///< tests only: matches from which a sort by date walks the dates
    int hash_bits = 64;            ///< tests only: a few bits prove that every hashed match is verified
    std::function<bool(const char* place)>
        fault;  ///< tests only: true = fail as the disk would at this place ("commit", "write")
};

/// Opens or creates the store, migrates its schema, starts the writer thread.
Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options);

}  // namespace causeway::storage

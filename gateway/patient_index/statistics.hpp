#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/patient_index/match/population.hpp"

namespace causeway::patient_index {

/// How often given names, family names, birth dates and places occur among the indexed records. Kept in memory by
/// 64-bit hashes of the values, saved in small shards: one shard every so many records, so that no write is long. After
/// a crash the records that a shard has not seen are counted again. Thread-safe.
///
/// These are statistics: a job that is rolled back leaves them off by one record, which changes no weight noticeably.
class Statistics {
public:
    static constexpr std::size_t shard_count = 64;

    /// Counts a record's values, or takes them out again.
    void add(const match::Features& features, std::int64_t record);
    void remove(const match::Features& features);

    std::uint64_t count(match::CountedField field, std::string_view value) const;
    std::uint64_t total(match::CountedField field) const {
        return totals_[static_cast<std::size_t>(field)].load(std::memory_order_relaxed);
    }
    std::uint64_t records() const { return records_.load(std::memory_order_relaxed); }

    /// The next shard to be saved, if enough has changed: its name and its content.
    struct Saved {
        std::string name, content;
    };
    std::optional<Saved> next_to_save();
    /// All shards: after the whole index was built anew.
    std::vector<Saved> everything();

    static std::string shard_name(std::size_t shard);
    /// Takes a saved shard in; returns the number of the last record that it has counted.
    std::int64_t load(std::size_t shard, std::string_view content);
    /// Counts a record in those shards only that were saved before it came.
    void catch_up(const match::Features& features, std::int64_t record);
    void set_records(std::uint64_t count) { records_ = count; }

private:
    struct Shard {
        std::unordered_map<std::uint64_t, std::uint32_t> counts;  ///< low three bits: the field
        std::int64_t last_record = 0;
    };
    Saved saved(std::size_t shard);
    void change(Shard& shard, std::uint64_t key, match::CountedField field, int by);

    mutable std::shared_mutex mutex_;
    std::array<Shard, shard_count> shards_;
    std::array<std::atomic<std::uint64_t>, match::counted_field_count> totals_{};
    std::atomic<std::uint64_t> records_{0};
    std::int64_t newest_ = 0;
    std::uint32_t since_saved_ = 0;
    std::size_t next_shard_ = 0;
};

}  // namespace causeway::patient_index

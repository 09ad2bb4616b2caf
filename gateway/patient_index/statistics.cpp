#include "gateway/patient_index/statistics.hpp"

#include <fmt/core.h>

#include <cstring>

#include "gateway/patient_index/match/blocking.hpp"

namespace causeway::patient_index {
namespace {

using match::CountedField;

constexpr std::uint32_t records_per_save = 512;

/// Phones, e-mails, numbers and addresses are counted by their blocks in the store instead.
bool counted_here(CountedField field) { return field <= CountedField::city; }

std::uint64_t key_of(CountedField field, std::string_view value) {
    return (match::stable_hash(value, 1000 + static_cast<std::uint64_t>(field)) & ~7ULL) |
           static_cast<std::uint64_t>(field);
}

std::size_t shard_of(std::uint64_t key) { return static_cast<std::size_t>(key >> 58U) % Statistics::shard_count; }

template <class T>
void put(std::string& out, T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof value);
}

template <class T>
bool take(std::string_view& in, T& value) {
    if (in.size() < sizeof value) return false;
    std::memcpy(&value, in.data(), sizeof value);
    in.remove_prefix(sizeof value);
    return true;
}

}  // namespace

void Statistics::change(Shard& shard, std::uint64_t key, CountedField field, int by) {
    auto& total = totals_[static_cast<std::size_t>(field)];
    if (by > 0) {
        ++shard.counts[key];
        ++total;
        return;
    }
    const auto found = shard.counts.find(key);
    if (found == shard.counts.end()) return;
    --total;
    if (--found->second == 0) shard.counts.erase(found);
}

void Statistics::add(const match::Features& features, std::int64_t record) {
    const std::unique_lock lock(mutex_);
    match::counted_values(features, [&](CountedField field, const std::string& value) {
        if (!counted_here(field)) return;
        const auto key = key_of(field, value);
        change(shards_[shard_of(key)], key, field, 1);
    });
    newest_ = std::max(newest_, record);
    ++records_;
    ++since_saved_;
}

void Statistics::remove(const match::Features& features) {
    const std::unique_lock lock(mutex_);
    match::counted_values(features, [&](CountedField field, const std::string& value) {
        if (!counted_here(field)) return;
        const auto key = key_of(field, value);
        change(shards_[shard_of(key)], key, field, -1);
    });
    if (records_ > 0) --records_;
}

std::uint64_t Statistics::count(CountedField field, std::string_view value) const {
    const auto key = key_of(field, value);
    const std::shared_lock lock(mutex_);
    const auto& counts = shards_[shard_of(key)].counts;
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
}

std::string Statistics::shard_name(std::size_t shard) { return fmt::format("patient_index/statistics/{:02}", shard); }

Statistics::Saved Statistics::saved(std::size_t number) {
    auto& shard = shards_[number];
    shard.last_record = newest_;
    Saved out{shard_name(number), {}};
    out.content.reserve(16 + shard.counts.size() * 12);
    put(out.content, shard.last_record);
    for (const auto& [key, count] : shard.counts) {
        put(out.content, key);
        put(out.content, count);
    }
    return out;
}

std::optional<Statistics::Saved> Statistics::next_to_save() {
    const std::unique_lock lock(mutex_);
    if (since_saved_ < records_per_save) return std::nullopt;
    since_saved_ = 0;
    auto out = saved(next_shard_);
    next_shard_ = (next_shard_ + 1) % shard_count;
    return out;
}

std::vector<Statistics::Saved> Statistics::everything() {
    const std::unique_lock lock(mutex_);
    since_saved_ = 0;
    std::vector<Saved> out;
    for (std::size_t shard = 0; shard < shard_count; ++shard) out.push_back(saved(shard));
    return out;
}

std::int64_t Statistics::load(std::size_t shard, std::string_view content) {
    const std::unique_lock lock(mutex_);
    auto& into = shards_.at(shard);
    if (!take(content, into.last_record)) return 0;
    std::uint64_t key = 0;
    std::uint32_t count = 0;
    while (take(content, key) && take(content, count)) {
        into.counts[key] = count;
        if ((key & 7U) < match::counted_field_count) totals_[key & 7U] += count;
    }
    newest_ = std::max(newest_, into.last_record);
    return into.last_record;
}

void Statistics::catch_up(const match::Features& features, std::int64_t record) {
    const std::unique_lock lock(mutex_);
    match::counted_values(features, [&](CountedField field, const std::string& value) {
        if (!counted_here(field)) return;
        const auto key = key_of(field, value);
        auto& shard = shards_[shard_of(key)];
        if (shard.last_record < record) change(shard, key, field, 1);
    });
    newest_ = std::max(newest_, record);
}

}  // namespace causeway::patient_index

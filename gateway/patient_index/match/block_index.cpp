#include "gateway/patient_index/match/block_index.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

#include "gateway/patient_index/match/similarity.hpp"

namespace causeway::patient_index::match {
namespace {

/// 64 bits of a key, five low ones for the key's number, so that a block knows whether it is a rare one. Two different
/// keys that fall together only add candidates, which the score throws out.
std::uint64_t hash_of(Key key, std::string_view value) {
    return (stable_hash(value, static_cast<std::uint64_t>(key)) & ~0x1FULL) | static_cast<std::uint64_t>(key);
}

struct Entry {
    std::uint64_t hash;
    std::uint32_t record;
};

/// The further parts that refine an oversized strict block: the sounds of the family names, and the birth years.
std::vector<std::string> refinements(const Features& features) {
    std::vector<std::string> out;
    for (const auto& name : features.names)
        if (!name.family.empty()) out.push_back(soundex(name.family));
    for (const auto& date : features.births) out.push_back(std::to_string(date.year));
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

/// Sorts by hash with a counting pass on the high bits: several times faster than one big std::sort.
void sort_by_hash(std::vector<Entry>& entries) {
    constexpr unsigned bits = 12;
    std::vector<std::size_t> start((std::size_t{1} << bits) + 1, 0);
    for (const auto& entry : entries) ++start[(entry.hash >> (64 - bits)) + 1];
    for (std::size_t i = 1; i < start.size(); ++i) start[i] += start[i - 1];
    std::vector<Entry> sorted(entries.size());
    auto next = start;
    for (const auto& entry : entries) sorted[next[entry.hash >> (64 - bits)]++] = entry;
    entries.swap(sorted);
    for (std::size_t i = 0; i + 1 < start.size(); ++i)
        std::sort(entries.begin() + static_cast<std::ptrdiff_t>(start[i]),
                  entries.begin() + static_cast<std::ptrdiff_t>(start[i + 1]), [](const Entry& a, const Entry& b) {
                      return a.hash != b.hash ? a.hash < b.hash : a.record < b.record;
                  });
}

}  // namespace

BlockIndex::BlockIndex(std::span<const Features> records, std::span<const std::uint8_t> source)
    : source_(source.begin(), source.end()), refined_(records.size(), 0) {
    std::vector<Entry> entries;
    entries.reserve(records.size() * 24);
    for (std::uint32_t i = 0; i < records.size(); ++i)
        for (const auto& key : blocking_keys(records[i])) entries.push_back({hash_of(key.key, key.value), i});
    sort_by_hash(entries);

    std::vector<Entry> kept, refined;
    kept.reserve(entries.size() / 2);
    const auto each_block = [](const std::vector<Entry>& sorted, const auto& use) {
        for (std::size_t from = 0; from < sorted.size();) {
            std::size_t to = from + 1;
            while (to < sorted.size() && sorted[to].hash == sorted[from].hash) ++to;
            use(from, to);
            from = to;
        }
    };
    each_block(entries, [&](std::size_t from, std::size_t to) {
        const std::size_t size = to - from;
        const auto key = static_cast<Key>(entries[from].hash & 0x1FU);
        if (size < 2) return;
        if (rare_key(key) ? size <= rare_block_max : size <= strict_block_max) {
            kept.insert(kept.end(), entries.begin() + static_cast<std::ptrdiff_t>(from),
                        entries.begin() + static_cast<std::ptrdiff_t>(to));
        } else if (!rare_key(key)) {
            ++oversized_;
            for (std::size_t i = from; i < to; ++i) {
                refined_[entries[i].record] = 1;
                for (const auto& part : refinements(records[entries[i].record]))
                    refined.push_back({hash_of(key, std::to_string(entries[i].hash) + ' ' + part), entries[i].record});
            }
        }
    });
    entries = {};
    sort_by_hash(refined);
    each_block(refined, [&](std::size_t from, std::size_t to) {
        if (to - from >= 2 && to - from <= strict_block_max)
            kept.insert(kept.end(), refined.begin() + static_cast<std::ptrdiff_t>(from),
                        refined.begin() + static_cast<std::ptrdiff_t>(to));
    });
    refined = {};

    starts_.assign(records.size() + 1, 0);
    for (const auto& entry : kept) ++starts_[entry.record + 1];
    for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
    block_of_.resize(kept.size());
    members_.reserve(kept.size());
    auto next = starts_;
    std::uint32_t block = 0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
        if (i == 0 || kept[i].hash != kept[i - 1].hash) {
            if (i) ++block;
            block_starts_.push_back(i);
        }
        members_.push_back(kept[i].record);
        block_of_[next[kept[i].record]++] = block;
    }
    block_starts_.push_back(kept.size());
}

bool BlockIndex::candidates(RecordNumber record, std::vector<RecordNumber>& out) const {
    const std::size_t first = out.size();
    for (auto at = starts_[record]; at < starts_[record + 1]; ++at) {
        const auto block = block_of_[at];
        for (auto i = block_starts_[block]; i < block_starts_[block + 1] && members_[i] < record; ++i)
            if (source_.empty() || source_[members_[i]] != source_[record]) out.push_back(members_[i]);
    }
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
    out.erase(std::unique(out.begin() + static_cast<std::ptrdiff_t>(first), out.end()), out.end());
    return refined_[record] != 0;
}

}  // namespace causeway::patient_index::match

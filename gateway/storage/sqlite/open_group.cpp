#include "gateway/storage/sqlite/open_group.hpp"

#include "gateway/storage/keys.hpp"

#include <functional>

namespace causeway::storage {

void OpenGroup::undo(const Mark& mark) {
    if (keyed_ > mark.versions) {
        by_key_.clear();
        keyed_ = 0;
    }
    versions.resize(mark.versions);
    dead.resize(mark.dead);
    for (auto i = mark.placed; i < placed_.size(); ++i) rids_.erase(placed_[i]);
    placed_.resize(mark.placed);
    counters = mark.counters;
    last_at_us = mark.last_at_us;
}

void OpenGroup::clear() {
    versions.clear();
    dead.clear();
    placed_.clear();
    by_key_.clear();
    keyed_ = 0;
    if (rids_.size() > cache_max) rids_.clear();
}

const std::vector<std::uint32_t>* OpenGroup::with_key(std::string_view key) {
    const auto fingerprint = [](std::string_view text) {
        return static_cast<std::uint64_t>(std::hash<std::string_view>()(text));
    };
    for (; keyed_ < versions.size(); ++keyed_) {
        KeyCursor cursor(versions[keyed_].keys);
        for (std::string_view each; cursor.next(each);)
            by_key_[fingerprint(each)].push_back(static_cast<std::uint32_t>(keyed_));
    }
    const auto found = by_key_.find(fingerprint(key));
    return found == by_key_.end() ? nullptr : &found->second;
}

void OpenGroup::name_into(std::int64_t type_code, std::string_view id, std::string& out) {
    out.clear();
    keys::append_number(static_cast<std::uint64_t>(type_code), 2, out);
    out += id;
}

Rid* OpenGroup::cached_rid(std::int64_t type_code, std::string_view id) {
    name_into(type_code, id, scratch_);
    const auto found = rids_.find(scratch_);
    return found == rids_.end() ? nullptr : &found->second;
}

void OpenGroup::cache_rid(std::int64_t type_code, std::string_view id, Rid rid) {
    name_into(type_code, id, scratch_);
    if (rids_.try_emplace(scratch_, rid).second) placed_.push_back(scratch_);
}

}  // namespace causeway::storage

#pragma once
#include "gateway/storage/audit_chain.hpp"
#include "gateway/storage/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace causeway::storage {

/// The next numbers of everything that is counted. Copied at each savepoint; put back when the job is undone, all but
/// the vid, which is never used twice within a process.
struct Counters {
    Rid rid = 1;
    InboxId inbox = 1;
    OutboxId outbox = 1;
    std::int64_t audit = 1;
    AuditHash audit_hash{};
    std::int64_t event = 1;
    std::int64_t person = 1;
    std::int64_t review = 1;
};

/// One version of the open group: not in the index yet, because the index is fed once, after the last job.
struct OpenVersion {
    Vid vid = 0;
    Rid rid = 0;
    bool erased = false;
    std::string keys;  ///< as stored
};

/// What the jobs of the open commit group have written so far, for searches inside it and for publication.
class OpenGroup {
public:
    struct Mark {
        std::size_t versions = 0;
        std::size_t dead = 0;
        std::size_t placed = 0;
        Counters counters;
        TimeUs last_at_us = 0;
    };

    Mark mark() const { return {versions.size(), dead.size(), placed_.size(), counters, last_at_us}; }
    /// Forgets what came after the mark.
    void undo(const Mark& mark);
    /// After COMMIT, or for nothing left of a failed group.
    void clear();

    /// Versions of this group that carry a key, by a fingerprint; built only when a job searches.
    const std::vector<std::uint32_t>* with_key(std::string_view key);

    std::vector<OpenVersion> versions;
    std::vector<Vid> dead;
    Counters counters;
    Vid next_vid = 1;
    TimeUs last_at_us = 0;

    /// Numbers of resources met lately, by type code and id.
    Rid* cached_rid(std::int64_t type_code, std::string_view id);
    void cache_rid(std::int64_t type_code, std::string_view id, Rid rid);

private:
    static constexpr std::size_t cache_max = 65'536;
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
    };
    static void name_into(std::int64_t type_code, std::string_view id, std::string& out);

    std::unordered_map<std::string, Rid, TextHash, std::equal_to<>> rids_;
    std::vector<std::string> placed_;  ///< names cached by the open group, for undo
    std::string scratch_;
    std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> by_key_;
    std::size_t keyed_ = 0;  ///< versions that are in by_key_
};

}  // namespace causeway::storage

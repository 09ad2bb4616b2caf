#pragma once
#include "fhir/search/plan.hpp"
#include "gateway/storage/keys.hpp"
#include "gateway/storage/types.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::storage {

/// What the keys of a version say about a condition. `maybe`: only the body can tell (hash under suspicion, text longer
/// than a key, a modifier that no key serves).
enum class Verdict : std::uint8_t { no, maybe, yes };

/// A test on the keys of one version: does it have a key that begins with `head` and whose rest passes?
struct KeyTest {
    enum class Kind : std::uint8_t {
        equals,    ///< the rest is `bytes`
        begins,    ///< the rest begins with `bytes`
        ends,      ///< the rest has `size` bytes and ends with `bytes` (a token by its system alone)
        any,       ///< any rest
        contains,  ///< normalised text inside a string key (or the key is cut: maybe)
        date,
        number
    };
    std::string head;
    Kind kind = Kind::equals;
    std::string bytes;
    std::size_t size = 0;
    fhir::search::Prefix prefix = fhir::search::Prefix::eq;
    fhir::search::DateRange date;
    fhir::search::NumberRange implied;
    double number = 0;
    bool exact = true;  ///< a pass is a yes, not a maybe
    /// Of `begins`: the keys that the index has, where they are few. To ask for them one by one spares FTS5 the merging of
    /// whole lists that it does for a prefix, before its first row.
    std::optional<std::vector<std::string>> listed;

    /// For a key that begins with `head`, what is left of it.
    Verdict test(std::string_view rest) const;
    /// Stretches of the index that hold every key that can pass, half-open.
    std::vector<std::pair<std::string, std::string>> scans() const;
};

/// One version that a search looks at. Keys are fetched only when a test needs them.
struct Candidate {
    Vid vid = 0;
    Rid rid = 0;
    TimeUs at_us = 0;
    std::string_view keys;
};

/// A search condition in terms of keys: made from a Criterion once per search, against one state of the store.
struct Condition {
    enum class Kind : std::uint8_t {
        all,
        any,
        none,
        key,      ///< KeyTest
        refers,   ///< a reference key under one of `heads` whose rid is in `rids`
        self,     ///< the resource's own number is in `rids`
        updated,  ///< `_lastUpdated`
        unknown   ///< only the body can tell
    };
    Kind kind = Kind::all;
    std::vector<Condition> children;
    KeyTest key;
    std::vector<std::string> heads;
    std::vector<Rid> rids;  ///< ascending
    fhir::search::Prefix prefix = fhir::search::Prefix::eq;
    fhir::search::DateRange date;
    bool exact = true;  ///< refers, self: a member is a yes

    Verdict test(const Candidate& candidate) const;

    /// An expression for KeyIndex::matches that gives a superset of what meets this; none if no key narrows it down.
    /// `complete`: it gives exactly what meets this.
    std::optional<std::string> expression(bool& complete) const;
    /// True if test() needs the keys.
    bool needs_keys() const noexcept;
};

}  // namespace causeway::storage

#pragma once
#include "gateway/storage/types.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace causeway::storage {

using PersonId = std::int64_t;
using ReviewId = std::int64_t;

/// One blocking key of a source record. `value` is packed or hashed by the index: a false hit only adds a candidate.
struct BlockingKey {
    std::int16_t key = 0;
    std::int64_t value = 0;
    friend bool operator==(const BlockingKey&, const BlockingKey&) = default;
    friend auto operator<=>(const BlockingKey&, const BlockingKey&) = default;
};

/// One source record: a Patient resource (its rid) as the index sees it. `data` is the index's own compact form.
struct PatientRecord {
    Rid record = 0;
    PersonId person = 0;     ///< 0 = linked to nobody
    std::uint8_t state = 0;  ///< the index's own
    std::string data;
};

/// One person: a cluster of records. `data` is the index's own (pooled values, golden view).
struct Person {
    PersonId person = 0;
    std::uint8_t state = 0;  ///< the index's own
    PersonId redirect = 0;   ///< the survivor after a merge; 0 = none
    std::string data;
};

/// One decision. Never updated; `supersedes` names the event it replaces.
struct LinkEvent {
    std::int64_t sequence = 0;  ///< given by the store
    TimeUs at_us = 0;
    std::uint8_t kind = 0;    ///< link, possible, new, merge, unmerge, not-the-same ...: the index's own
    std::uint8_t source = 0;  ///< automatic, manual, feed
    Rid record = 0;           ///< 0 where only persons are concerned
    PersonId person = 0;
    Rid other_record = 0;
    PersonId other_person = 0;
    std::int64_t supersedes = 0;
    std::string data;  ///< weights, rule, model version, user
};

struct Review {
    ReviewId review = 0;        ///< given by the store
    std::int32_t priority = 0;  ///< higher first
    bool open = true;
    TimeUs at_us = 0;
    Rid record = 0;
    PersonId person = 0;
    Rid other_record = 0;
    PersonId other_person = 0;
    std::string data;
};

/// Where a page of the open reviews (highest priority, then oldest) goes on.
struct ReviewCursor {
    std::int32_t priority = 0;
    ReviewId review = 0;
};

/// The patient index's rows, read side.
class PatientReader {
public:
    virtual ~PatientReader() = default;
    virtual Result<std::optional<PatientRecord>> record(Rid record) = 0;
    virtual Result<std::optional<Person>> person(PersonId person) = 0;
    virtual Result<std::vector<Rid>> members(PersonId person, std::size_t limit) = 0;
    /// Records that have this key, ascending, at most `limit`. Ask for one more than the cap to see that a block is
    /// cut.
    virtual Result<std::vector<Rid>> block(BlockingKey key, std::size_t limit) = 0;
    /// Events that name the record (on either side), oldest first.
    virtual Result<std::vector<LinkEvent>> events_of_record(Rid record, std::size_t limit) = 0;
    virtual Result<std::vector<LinkEvent>> events_of_person(PersonId person, std::size_t limit) = 0;
    virtual Result<std::vector<LinkEvent>> events_after(std::int64_t sequence, std::size_t limit) = 0;
    virtual Result<std::optional<Review>> review(ReviewId review) = 0;
    virtual Result<std::vector<Review>> open_reviews(std::optional<ReviewCursor> after, std::size_t limit) = 0;
    /// Open reviews that name the record on either side.
    virtual Result<std::vector<Review>> reviews_of_record(Rid record, std::size_t limit) = 0;
    /// Ascending by record, from one after `after`: for training, re-matching and rebuilding.
    virtual Result<std::vector<PatientRecord>> records_after(Rid after, std::size_t limit) = 0;
    virtual Result<std::uint64_t> record_count() = 0;
};

/// The patient index's rows, write side: in the same transaction as the resources they follow from.
class PatientTables : public PatientReader {
public:
    /// Inserts or replaces the record, its place in its person and its whole set of blocking keys (only differences are
    /// written).
    virtual Result<void> put_record(const PatientRecord& record, std::span<const BlockingKey> keys) = 0;
    /// Moves a record to another person and state, keys and data untouched.
    virtual Result<void> move_record(Rid record, PersonId person, std::uint8_t state) = 0;
    virtual Result<void> erase_record(Rid record) = 0;
    /// A fresh number; never used again.
    virtual Result<PersonId> new_person() = 0;
    virtual Result<void> put_person(const Person& person) = 0;
    virtual Result<std::int64_t> append_event(const LinkEvent& event) = 0;
    virtual Result<ReviewId> open_review(const Review& review) = 0;
    virtual Result<void> close_review(ReviewId review, std::string_view data) = 0;
};

}  // namespace causeway::storage

#pragma once
#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "gateway/patient_index/candidates.hpp"
#include "gateway/patient_index/identity.hpp"

namespace causeway::patient_index {

/// Who decides, and when.
struct Actor {
    EventSource source = EventSource::automatic;
    std::string_view user;  ///< of a manual decision
    storage::TimeUs at_us = 0;
};

/// What became of a record.
struct Registration {
    storage::PersonId person = 0;
    storage::PersonId person_before = 0;  ///< 0 = the record is new
    EventKind decision = EventKind::created;
    std::size_t reviews = 0;  ///< opened by it
    bool truncated = false;
};

/// Why a manual decision was refused; nothing is changed then.
enum class Refusal : std::uint8_t {
    none,
    unknown_record,
    unknown_person,
    same_record,
    different_persons_needed,
    no_such_merge,
    already_undone,
    no_such_review
};
std::string_view refusal_text(Refusal refusal);

/// The rules of identity over the store's rows: records (one source's patient each), persons, and the events that
/// placed each record. Holds no state of its own; every call belongs to one transaction. Throws
/// storage::FailureException.
///
/// What a person decided, the machine never changes: a record placed by hand stays, "not the same" keeps two records
/// apart for good, and two persons are only ever joined by a merge message or by hand.
class Registry {
public:
    Registry(storage::PatientTables& tables, const Matcher& matcher, Statistics& statistics)
        : tables_(tables), matcher_(matcher), statistics_(statistics) {}

    /// A new record, or new content of a known one: matched, placed, recorded.
    Registration put(storage::Rid record, const match::Features& features, storage::TimeUs at_us);
    /// The record is gone. Its person stays, with its history, even if it was the last.
    void erase(storage::Rid record, const Actor& actor);

    /// All records of `subsumed`'s person become `survivor`'s, and `subsumed` is marked as replaced. If both are of one
    /// person already, only the mark is made. The event is what unmerge() takes.
    Refusal merge(storage::Rid survivor, storage::Rid subsumed, const Actor& actor, std::int64_t* event = nullptr);
    /// The same for persons, no record being replaced: a steward's decision.
    Refusal merge_persons(storage::PersonId survivor, storage::PersonId other, const Actor& actor,
                          std::int64_t* event = nullptr);
    /// Puts back what that merge moved, with the states it had, unless it was moved on since; opens the reviews it
    /// settled.
    Refusal unmerge(std::int64_t merge_event, const Actor& actor);
    /// The last merge of these two records that is not undone: for messages, which name no event. 0 = none.
    std::int64_t merge_between(storage::Rid survivor, storage::Rid subsumed);

    /// By hand (or link message): the record belongs to that person.
    Refusal link(storage::Rid record, storage::PersonId person, const Actor& actor);
    /// By hand (or unlink message): two records are two people. If they are of one person, `record` gets one of its
    /// own.
    Refusal not_the_same(storage::Rid record, storage::Rid other, const Actor& actor);
    /// Settles an open review in favour of one person, or of two.
    Refusal resolve(storage::ReviewId review, bool same, const Actor& actor);

    /// Persons whose records, or what these say, the calls so far have changed.
    const std::set<storage::PersonId>& touched() const noexcept { return touched_; }

    /// Follows merges to the person that is in use.
    storage::PersonId current(storage::PersonId person);

private:
    storage::PersonId create_person();
    void move(storage::PatientRecord& record, storage::PersonId person, std::uint8_t state);
    void refresh(storage::PersonId person);
    std::vector<storage::PersonId> forbidden(storage::Rid record);
    Registration place(storage::PatientRecord& record, const match::Features& features, storage::TimeUs at_us,
                       bool known);
    void open_reviews(Registration& out, const storage::PatientRecord& record, const Found& found, std::size_t from,
                      storage::TimeUs at_us);
    void open_duplicate(Registration& out, const storage::PatientRecord& record, const Candidate& other,
                        const Found& found, storage::TimeUs at_us);
    bool keep_place(storage::PatientRecord& record, const match::Features& features, storage::TimeUs at_us);
    void close_reviews(storage::Rid record, std::string_view why);
    Refusal merge_into(storage::PersonId survivor, storage::PersonId other, storage::Rid survivor_record,
                       storage::Rid subsumed_record, const Actor& actor, std::int64_t* event);
    std::int64_t append(EventKind kind, const Actor& actor, storage::Rid record, storage::PersonId person,
                        storage::Rid other_record, storage::PersonId other_person, const EventData& data,
                        std::int64_t supersedes = 0);
    EventData data_of(const Candidate& candidate, const Found& found) const;

    storage::PatientTables& tables_;
    const Matcher& matcher_;
    Statistics& statistics_;
    std::set<storage::PersonId> touched_;
};

}  // namespace causeway::patient_index

#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/storage/patient_tables.hpp"

namespace causeway::patient_index {

/// What an event says. The numbers are stored; they never change meaning.
enum class EventKind : std::uint8_t {
    created = 1,             ///< record: a person of its own
    linked = 2,              ///< record joined person (other_record: the member it resembles most)
    possible = 3,            ///< record may be of other_person
    merged = 4,              ///< other_person went into person; record survives, other_record is subsumed
    unmerged = 5,            ///< supersedes the merge it undoes
    not_the_same = 6,        ///< record and other_record are two people, for good
    possible_duplicate = 7,  ///< person and other_person may be one
    kept = 8,                ///< record changed and stayed in person
    erased = 9               ///< record is gone from person
};
enum class EventSource : std::uint8_t { automatic = 0, manual = 1, feed = 2 };

/// PatientRecord::state
namespace record_state {
constexpr std::uint8_t manual = 1;    ///< placed by a person: the machine never moves it
constexpr std::uint8_t subsumed = 2;  ///< a merge message replaced it by another record
constexpr std::uint8_t pooled = 4;    ///< its person has further records, whose values stand in Person::data
}  // namespace record_state
/// Person::state
namespace person_state {
constexpr std::uint8_t empty = 1;   ///< its last record was erased or moved; its history stays
constexpr std::uint8_t merged = 2;  ///< see redirect
}  // namespace person_state

/// The readable rest of an event (LinkEvent::data) or review: one `name=value` a line.
struct EventData {
    double weight = 0;
    bool weighed = false;    ///< weight and evidence are there
    bool truncated = false;  ///< a block was cut: not all candidates were seen
    std::string rule, model, evidence, user;
    std::vector<std::pair<storage::Rid, std::uint8_t>>
        moved;                            ///< of a merge: the records it moved or marked, with the states they had
    std::vector<storage::Review> closed;  ///< of a merge: the reviews it settled

    std::string text() const;
    static EventData read(std::string_view text);
};

/// The name other systems know a person by: in our own domain, with the given prefix.
std::string person_identifier(storage::PersonId person);
std::optional<storage::PersonId> person_number(std::string_view identifier);

}  // namespace causeway::patient_index

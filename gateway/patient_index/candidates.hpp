#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "gateway/patient_index/match/blocking.hpp"
#include "gateway/patient_index/match/combinations.hpp"
#include "gateway/patient_index/match/decide.hpp"
#include "gateway/patient_index/statistics.hpp"
#include "gateway/storage/patient_tables.hpp"

namespace causeway::patient_index {

/// What a look-up works with; the model is swapped as a whole.
struct Matcher {
    std::shared_ptr<const match::Model> model;
    const Statistics* statistics = nullptr;
    std::size_t block_max = match::strict_block_max;  ///< records of one strict block; a larger one is refined
    std::size_t candidates_max = 2000;  ///< records compared for one look-up; beyond it the answer is truncated
    match::Combinations combinations = match::Combinations::approved;
};

/// A person that the record looked for may be.
struct Candidate {
    storage::PersonId person = 0;
    storage::Rid record = 0;  ///< the member that agrees best
    match::Score score;       ///< of the best comparison, with a member or with all values of the person
    match::Decision decision;
    bool pooled = false;                              ///< the best comparison was with the person's pooled values
    const match::Combination* combination = nullptr;  ///< that names this person, if one does
};

struct Found {
    std::vector<Candidate>
        candidates;          ///< review or better, best first (automatic before review, then by weight, then oldest)
    bool truncated = false;  ///< a block was too large and could not be refined
    std::uint32_t compared = 0;
    std::uint32_t left_out = 0;  ///< blocks of values that a thousand records share
};

/// The keys under which the store's index holds a record.
std::vector<storage::BlockingKey> stored_keys(const match::Features& features);

/// All persons that `features` may be, by the union of blocks. `self` is left out (a record that is matched again).
/// Throws storage::FailureException.
Found find_candidates(storage::PatientReader& reader, const match::Features& features, const Matcher& matcher,
                      storage::Rid self = 0);

}  // namespace causeway::patient_index

#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/patient_index/match/decide.hpp"
#include "gateway/patient_index/match/features.hpp"

namespace causeway::patient_index::match {

/// Which of the approved combinations may link.
enum class Combinations : std::uint8_t {
    off,
    approved,  ///< those that name a person
    household  ///< also 13 to 16 and 33 to 37, which a household may share
};

/// One approved combination of fields that agree (CMS Patient Matching, draft v3.3.0): its number stands in the decision.
struct Combination {
    std::uint8_t number;
    std::string_view rule;  ///< "combination 02: first name, last name, birth date, phone"
    bool household;
};
std::span<const Combination> combinations();

/// The approved combinations that two records satisfy, by number, at most one field of each being fuzzy (last name or
/// street by one edit from five letters on, birth date by one day). First names only agree when they are the same:
/// the draft allows a letter there, and twins are told apart by less.
///
/// Values that too many share are not available, nor are those that the score found worthless.
std::vector<std::uint8_t> satisfied(const Features& a, const Features& b, const Comparison& comparison,
                                    const Score& score);

/// Whether a combination may link these two at all: no suffix, birth order, sex, middle name, parent or number speaks
/// against it, and the given names are one. (That nobody else satisfies one is for the caller, who has seen the others.)
bool combination_may_link(const Comparison& comparison);

/// The first of the satisfied combinations that is switched on; null if none is.
const Combination* enabled(std::span<const std::uint8_t> numbers, Combinations which);

}  // namespace causeway::patient_index::match

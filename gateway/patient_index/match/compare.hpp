#pragma once
#include <string_view>

#include "gateway/patient_index/match/features.hpp"
#include "gateway/patient_index/match/levels.hpp"

namespace causeway::patient_index::match {

/// How two records (or persons) agree, field by field: every value of one side against every value of the other, the
/// best counts.
///
/// Borrows from the two Features: valid while they live. The values are those that agreed at the level, for the
/// frequency of that very value; they are empty where the level needs none.
struct Comparison {
    Levels levels;
    std::string_view given, given_other;    ///< the two spellings that were compared
    std::string_view family, family_other;  ///< also of a conflict: the two that were compared
    std::string_view zip, city;
    std::string_view phone, email, ssn;
    const Address* address = nullptr;
    BirthDate birth;
    int birth_year_gap = 0;       ///< least difference in years between known birth years
    bool suffix_differs = false;  ///< known on both sides, nothing in common
    bool national_number_equal = false;
    bool birth_order_differs = false;
    bool multiple_birth = false;  ///< a birth order or the flag on either side
    bool ssns_in_a_row = false;   ///< no number in common, but two that were given one after the other: twins
};

Comparison compare(const Features& a, const Features& b);

/// The given names agree, while the family names differ and are given names (or the given name is none): two people of one
/// family who are both entered with given and family name exchanged look so, and twins agree in all else.
bool names_exchanged(const Comparison& comparison);

}  // namespace causeway::patient_index::match

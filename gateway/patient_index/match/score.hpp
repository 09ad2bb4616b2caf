#pragma once
#include <array>
#include <cstdint>

#include "gateway/patient_index/match/compare.hpp"
#include "gateway/patient_index/match/model.hpp"
#include "gateway/patient_index/match/population.hpp"

namespace causeway::patient_index::match {

/// What the pair is judged against: how many records there are, and how many of them one person and one household have.
struct Rates {
    double records = 0;
    double match = 0;  ///< P(a pair of the population is one person)
    double household = 0;
    double records_per_person = 1;

    /// For a population of n records: the model's rates, or 1/n where it has none.
    static Rates of(const Model& model, std::uint64_t records);
};

/// The part one field has in a score.
struct FieldScore {
    std::int8_t level = missing;
    double weight = 0;     ///< bits for "one person" against "two strangers"
    double household = 0;  ///< bits for "two people of one household" against "two strangers"
    double u = 0;          ///< P(level and this very value | two strangers)
};

struct Score {
    std::array<FieldScore, field_count> fields{};
    double prior = 0;      ///< log2 odds of one person before any field was looked at
    double match = 0;      ///< t: log2 odds of one person against strangers, with the prior
    double household = 0;  ///< s: log2 odds of one household against strangers, with the prior
    double weight = 0;     ///< w: log2 odds of one person against everything else
    double probability() const;
    const FieldScore& operator[](Field field) const { return fields[static_cast<std::size_t>(field)]; }
};

Score score(const Comparison& comparison, const Model& model, const Population& population, const Rates& rates);

/// The two weights of a level without the frequency of the value: what training and the score start from.
FieldScore base_score(const FieldModel& model, Field field, std::int8_t level);

}  // namespace causeway::patient_index::match

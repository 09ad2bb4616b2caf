#include "gateway/patient_index/match/score.hpp"

#include <algorithm>
#include <cmath>

namespace causeway::patient_index::match {
namespace {

constexpr double prior_strength = 200;    ///< pseudo-observations of the model's u beside the counted frequency
constexpr std::uint64_t table_min = 500;  ///< smaller tables say nothing about frequency
constexpr double shared_too_often = 20;

/// Fields on which two people of one household agree as two records of one person do.
bool household_field(Field field) {
    switch (field) {
        case Field::family:
        case Field::birth_date:
        case Field::phone:
        case Field::email:
        case Field::address:
        case Field::mother:
        case Field::guardian:
            return true;
        default:
            return false;
    }
}

double bounded(const FieldModel& model, double weight) { return std::min(std::max(weight, model.lower), model.upper); }

/// Frequency of the value that agreed, shrunk towards the model's u; a person's own further records do not make it
/// common.
double frequency(double u, double floor, CountedField field, std::string_view value, const Population& population,
                 const Rates& rates) {
    const auto size = population.total(field);
    if (value.empty() || size < table_min) return u;
    const double occurrences = static_cast<double>(population.count(field, value));
    const double others = std::max(0., occurrences - rates.records_per_person);
    return std::max(floor, (others + prior_strength * u) / (static_cast<double>(size) + prior_strength));
}

struct Shared {
    double u;
    bool worthless = false;
};

/// A phone or address that far more records hold than one household has is an institution's, or made up.
Shared shared_value(double u, double allowed, CountedField field, std::string_view value, const Population& population,
                    const Rates& rates) {
    const double over = static_cast<double>(population.count(field, value)) - rates.records_per_person - allowed;
    if (value.empty() || over <= 0 || rates.records <= 0) return {u};
    return {std::max(u, over / rates.records), over >= shared_too_often};
}

struct Value {
    double u;
    bool worthless = false;
};

Value value_of_level(Field field, std::int8_t level, double u, const Comparison& pair, const Population& population,
                     const Rates& rates) {
    const double household = 4 * rates.records_per_person;
    switch (field) {
        case Field::given:
            if (level == given_level::exact)
                return {frequency(u, 2e-5, CountedField::given, pair.given, population, rates)};
            break;
        case Field::family:
            if (level == family_level::exact)
                return {frequency(u, 5e-6, CountedField::family, pair.family, population, rates)};
            break;
        case Field::birth_date:
            if (level == birth_level::exact)
                return {
                    frequency(u, 1e-5, CountedField::birth_date, counted_birth_date(pair.birth), population, rates)};
            break;
        case Field::address:
            if (level == address_level::zip)
                return {frequency(u, 1e-4, CountedField::zip, pair.zip, population, rates)};
            if (level == address_level::city)
                return {frequency(u, 1e-4, CountedField::city, pair.city, population, rates)};
            if (level == address_level::full && pair.address) {
                const auto shared = shared_value(u, household, CountedField::address, counted_address(*pair.address),
                                                 population, rates);
                return {shared.u, shared.worthless};
            }
            break;
        case Field::phone:
            if (level == phone_level::equal) {
                const auto shared = shared_value(u, household, CountedField::phone, pair.phone, population, rates);
                return {shared.u, shared.worthless};
            }
            break;
        case Field::email:
            if (level == email_level::equal) {
                const auto shared = shared_value(u, 1, CountedField::email, pair.email, population, rates);
                return {shared.u, shared.worthless};
            }
            break;
        case Field::ssn:
            if (level == ssn_level::exact) {
                const auto shared = shared_value(u, 1, CountedField::ssn, pair.ssn, population, rates);
                return {shared.u, shared.worthless};
            }
            break;
        default:
            break;
    }
    return {u};
}

double household_weight(const FieldModel& model, Field field, std::int8_t level, double weight) {
    const auto& row = model.levels[static_cast<std::size_t>(level)];
    if (household_field(field)) return weight + std::log2(row.h / row.m);
    const double bits = std::log2(row.h / row.u);
    const bool top = static_cast<std::size_t>(level) + 1 == level_count(field) ||
                     (field == Field::given && level == given_level::exact);
    return top ? std::min(bits, std::max(0., weight - std::log2(row.m / row.h))) : bits;
}

}  // namespace

Rates Rates::of(const Model& model, std::uint64_t records) {
    Rates out;
    out.records = static_cast<double>(std::max<std::uint64_t>(records, 2));
    out.match = model.match_rate > 0 ? model.match_rate : 1 / out.records;
    out.household = model.household_rate > 0 ? model.household_rate : 1 / out.records;
    out.records_per_person = 1 + out.match * (out.records - 1);
    return out;
}

double Score::probability() const { return 1 / (1 + std::exp2(-weight)); }

FieldScore base_score(const FieldModel& model, Field field, std::int8_t level) {
    FieldScore out;
    out.level = level;
    if (level == missing) return out;
    const auto& row = model.levels[static_cast<std::size_t>(level)];
    out.u = row.u;
    out.weight = bounded(model, std::log2(row.m / row.u));
    out.household = household_weight(model, field, level, out.weight);
    return out;
}

Score score(const Comparison& comparison, const Model& model, const Population& population, const Rates& rates) {
    Score out;
    out.prior = out.match = std::log2(rates.match / (1 - rates.match));
    out.household = std::log2(rates.household);
    for (std::size_t f = 0; f < field_count; ++f) {
        const auto field = static_cast<Field>(f);
        const auto level = comparison.levels[field];
        auto& part = out.fields[f];
        part.level = level;
        if (level == missing) continue;
        const auto& row = model[field].levels[static_cast<std::size_t>(level)];
        const auto value = value_of_level(field, level, row.u, comparison, population, rates);
        part.u = value.u;
        part.weight = bounded(model[field], std::log2(row.m / value.u));
        if (value.worthless) part.weight = std::min(part.weight, 0.);
        part.household = household_weight(model[field], field, level, part.weight);
        out.match += part.weight;
        out.household += part.household;
    }
    out.weight = out.match - std::log2(1 + std::exp2(out.household));
    return out;
}

}  // namespace causeway::patient_index::match

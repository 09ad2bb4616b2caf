#pragma once
#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/patient_index/match/levels.hpp"

namespace causeway::patient_index::match {

/// P(level | class) of one level for the three classes of pairs.
struct Probabilities {
    double m = 0;  ///< one person
    double u = 0;  ///< two strangers
    double h = 0;  ///< two people of one household
};

struct FieldModel {
    std::array<Probabilities, level_count_max> levels{};
    double lower = -std::numeric_limits<double>::infinity();  ///< least weight, in bits
    double upper = std::numeric_limits<double>::infinity();
};

/// The parameters of matching: immutable once read, kept as a readable text file (data/shipped.model) whose version
/// stands in every decision taken with it.
struct Model {
    std::string version;
    std::array<FieldModel, field_count> fields{};
    double match_rate = 0;      ///< P(two records of the population are one person); 0 = 1/N
    double household_rate = 0;  ///< P(two records are of one household and not one person); 0 = 1/N
    double review = -3, probable = 0, automatic = 7, score_route = 12;  ///< thresholds on the weight, in bits

    FieldModel& operator[](Field field) { return fields[static_cast<std::size_t>(field)]; }
    const FieldModel& operator[](Field field) const { return fields[static_cast<std::size_t>(field)]; }
};

struct ModelError {
    std::size_t line = 0;
    std::string message;
};

/// The model in the text, each field's levels normalised to a sum of 1 (record_number excepted: it has one level only).
std::variant<Model, ModelError> read_model(std::string_view text);
std::string write_model(const Model& model);

/// The model that is compiled in.
const Model& shipped_model();

}  // namespace causeway::patient_index::match

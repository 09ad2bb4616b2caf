#pragma once
#include <optional>
#include <string_view>

#include "fhir/path/decimal.hpp"
#include "fhir/path/ucum.hpp"
#include "fhir/search/value.hpp"

namespace causeway::fhir::search {

constexpr std::string_view ucum_system = "http://unitsofmeasure.org";

/// A value in base units, `5 mg` as 0.005 (g). The bounds may be open; empty where the numbers do not fit.
std::optional<NumberRange> canonical_range(const std::optional<path::Decimal>& low,
                                           const std::optional<path::Decimal>& high, const path::UnitForm& form);

/// The half-open range that the digits of a search value stand for: 100 -> [99.5, 100.5), 1e2 -> [95, 105).
struct Implied {
    path::Decimal low, high;
};
std::optional<Implied> implied_range(std::string_view text);

}  // namespace causeway::fhir::search

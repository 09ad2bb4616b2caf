#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "fhir/path/decimal.hpp"
#include "fhir/search/value.hpp"

namespace causeway::fhir::search {

constexpr std::string_view ucum_system = "http://unitsofmeasure.org";

/// A value in a UCUM unit, in base units: `5 mg` is 0.005 `g`.
struct CanonicalQuantity {
    NumberRange range;
    std::string unit;
};
/// Empty for a unit that is not UCUM. The bounds may be open.
std::optional<CanonicalQuantity> canonical_quantity(const std::optional<path::Decimal>& low, const std::optional<path::Decimal>& high, std::string_view unit);

/// The half-open range that the digits of a search value stand for: 100 -> [99.5, 100.5), 1e2 -> [95, 105).
struct Implied {
    path::Decimal low, high;
};
std::optional<Implied> implied_range(std::string_view text);

}  // namespace causeway::fhir::search

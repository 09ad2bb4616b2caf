#include "fhir/search/quantity.hpp"

#include <limits>
#include <string>

namespace causeway::fhir::search {

std::optional<NumberRange> canonical_range(const std::optional<path::Decimal>& low,
                                           const std::optional<path::Decimal>& high, const path::UnitForm& form) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    NumberRange out{-infinity, infinity};
    if (low) {
        const auto base = form.to_base(*low);
        if (!base) return std::nullopt;
        out.low = base->to_double();
    }
    if (high) {
        const auto base = form.to_base(*high);
        if (!base) return std::nullopt;
        out.high = base->to_double();
    }
    return out;
}

std::optional<Implied> implied_range(std::string_view text) {
    const auto value = path::Decimal::parse(text);
    if (!value) return std::nullopt;
    // half of the unit of the last digit written, before the exponent is applied
    const std::size_t e = text.find_first_of("eE");
    const auto mantissa = path::Decimal::parse(text.substr(0, e));
    if (!mantissa) return std::nullopt;
    // R4 reads 1e2 as [95, 105): a mantissa with exponent counts as having one digit after the point at least
    path::Decimal half =
        e != std::string_view::npos && mantissa->scale() == 0 ? path::Decimal(5, 2) : mantissa->half_unit();
    if (e != std::string_view::npos) {
        const auto unit = path::Decimal::parse("1" + std::string(text.substr(e)));
        const auto scaled = unit ? path::multiply(half, *unit) : std::nullopt;
        if (!scaled) return std::nullopt;
        half = *scaled;
    }
    const auto low = path::subtract(*value, half);
    const auto high = path::add(*value, half);
    if (!low || !high) return std::nullopt;
    return Implied{*low, *high};
}

}  // namespace causeway::fhir::search

#pragma once
#include <optional>
#include <string_view>

#include "fhir/terminology/value_set.hpp"

namespace causeway::fhir {

inline constexpr std::string_view snomed_url = "http://snomed.info/sct";
inline constexpr std::string_view loinc_url = "http://loinc.org";

/// The value sets that a URL describes by its form, as R4 defines them for SNOMED CT (`?fhir_vs`, `?fhir_vs=isa/[id]`,
/// `?fhir_vs=refset/[id]`, `?fhir_vs=ecl/[expression]` with one operator) and LOINC (`http://loinc.org/vs` and
/// `http://loinc.org/vs/[LL...]`). The result borrows `canonical`. Nothing for any other URL.
std::optional<ValueSet> implicit_value_set(std::string_view canonical);

/// An ECL expression of one operator and one concept (`<< 404684003`, `< X`, `^ X`, `X`, `*`) as a filter; nothing for
/// longer ones.
std::optional<ValueSet::Filter> simple_expression(std::string_view text) noexcept;

}  // namespace causeway::fhir

#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "fhir/path/decimal.hpp"

namespace causeway::fhir::path {

/// A UCUM unit taken down to base units: value_in_base = (value + offset) * numerator / denominator * 10^exponent.
/// The mole and the arbitrary units ([iU], [arb'U] ...) are bases of their own, so that a count of molecules never
/// equals a plain number; logarithmic units too.
struct UnitForm {
    Decimal numerator = 1;
    Decimal denominator = 1;
    int exponent = 0;
    Decimal offset = 0;     ///< only for Cel, [degF] and the like when they stand alone
    std::string dimension;  ///< canonical unit in base units, `g.m-3`; "1" for none

    std::optional<Decimal> to_base(const Decimal& value) const;
    std::optional<Decimal> from_base(const Decimal& value) const;
};

/// Case-sensitive UCUM codes: prefixes, exponents, `.`, `/`, parentheses, annotations. Empty for what is none.
/// Cost: about a microsecond; callers that meet the same units again may keep the answer.
std::optional<UnitForm> parse_unit(std::string_view unit);

/// The UCUM code of FHIRPath's calendar words (`days` -> `d`) and empty for others. Years and months have one, but are
/// equal to `a` and `mo` only under `~`.
std::string_view unit_of_calendar_word(std::string_view word);

struct UnitAtom {
    std::string_view code;
    bool metric;             ///< takes prefixes
    std::string_view value;  ///< decimal; empty for a base
    std::string_view unit;
    std::string_view offset;  ///< special linear units
};
/// nullptr if there is none.
const UnitAtom* find_atom(std::string_view code);

}  // namespace causeway::fhir::path

#pragma once
#include "fhir/model/element.hpp"

namespace causeway::fhir {

/// fixed[x]: exactly this value, members in any order.
bool matches_fixed(Element value, Element fixed);

/// pattern[x]: at least this; each member and each array item of the pattern is found in the value.
bool matches_pattern(Element value, Element pattern);

}  // namespace causeway::fhir

#pragma once
#include <string>
#include <string_view>

#include "mappings/engine/plan.hpp"

namespace causeway::mappings {

/// What the maps do with a place, for people: every line that reads or writes it, with the types and tables the line
/// goes through and the messages its map is used in. `place` is `PID-3`, `PID-3.4`, `CX.4`, `Patient.identifier`, or a
/// table's, map's, type's or message's name. Empty if nothing is known about it.
std::string explain(const Plan& plan, std::string_view place);

/// For a place that explain() knows nothing about: ", did you mean Patient.identifier?", or nothing.
std::string nearest_place(const Plan& plan, std::string_view place);

/// All lines of a plan, each with where it stands and, of a site's, the site.
std::string print_lines(const Plan& plan);

/// What a plan has and another has not, line by line: "- ..." is only in `base`, "+ ..." only in `plan`. Tables row by
/// row, settings too.
std::string print_difference(const Plan& base, const Plan& plan);

}  // namespace causeway::mappings

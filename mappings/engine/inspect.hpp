#pragma once
#include <functional>
#include <string>
#include <vector>

#include "mappings/engine/plan.hpp"

namespace causeway::mappings {

/// One statement of a plan with the block it stands in; borrows from the plan.
struct PlannedStatement {
    const MapPlan* map = nullptr;                 ///< a segment map,
    const TypePlan* type = nullptr;               ///< or a type map
    const Block* block = nullptr;                 ///< the one it stands in, inside of any choose
    std::size_t index = 0;                        ///< in that block
    const Line* line = nullptr;                   ///< a line,
    const Assignment* assignment = nullptr;       ///< or a set or default
    std::vector<const Choose::Branch*> branches;  ///< from the outside in

    const std::string& fhir_type() const noexcept { return map ? map->fhir_type : type->fhir_type; }
    std::uint32_t id() const noexcept { return line ? line->id : assignment->id; }
};

/// Calls `see` for every line, set and default of a plan's maps and types, in the order in which they run forward.
void for_each_statement(const Plan& plan, const std::function<void(const PlannedStatement&)>& see);

/// Calls `see` for every clause of a message, with the segment it stands at (empty: a group's own).
void for_each_clause(const MessagePlan& message, const std::function<void(const ItemPlan&, const ClausePlan&)>& see);

/// "PID-3[].4.1" of a place a line reads; a data type's name stands for the segment in a type map.
std::string place_text(const V2Ref& ref, std::string_view datatype);

/// "Patient.contact.name" of a map's target and a path below it: slices and indexes apart, and behind a crossing the
/// resource it leads to.
std::string plain_path(std::string_view type, const Path& path);

}  // namespace causeway::mappings

#include "fhir/r4/tables.hpp"

#include <algorithm>

#include "fhir/r4/generated.hpp"

namespace causeway::fhir::r4 {

using generated::name_hash;
using generated::tables;

const TypeDef* find_type(std::string_view name) noexcept {
    const auto mask = static_cast<std::uint32_t>(tables.type_slots.size() - 1);
    for (std::uint32_t at = name_hash(name) & mask;; at = (at + 1) & mask) {
        const std::uint16_t slot = tables.type_slots[at];
        if (slot == 0) return nullptr;
        if (tables.types[slot - 1U].name == name) return &tables.types[slot - 1U];
    }
}

MemberDef find_element(const TypeDef& type, std::string_view json_name) noexcept {
    for (std::uint32_t at = name_hash(json_name) & type.slot_mask;; at = (at + 1) & type.slot_mask) {
        const std::uint16_t slot = tables.member_slots[type.slots + at];
        if (slot == 0) return {};
        if (tables.members[slot - 1U].json_name == json_name) return tables.members[slot - 1U];
    }
}

const ElementDef* find_choice(const TypeDef& type, std::string_view name) noexcept {
    for (const ElementDef& element : type.elements)
        if (element.name == name) return &element;
    return nullptr;
}

bool is_a(const TypeDef& type, std::string_view ancestor) noexcept {
    for (const TypeDef* at = &type; at; at = at->base)
        if (at->name == ancestor) return true;
    return false;
}

std::span<const TypeDef> types() noexcept { return tables.types; }
std::span<const std::string_view> resource_types() noexcept { return tables.resource_types; }

bool is_resource_type(std::string_view name) noexcept {
    const TypeDef* type = find_type(name);
    return type && type->kind == TypeKind::resource && !type->is_abstract;
}

std::span<const SearchParameterDef> search_parameters(std::string_view resource_type) noexcept {
    const auto ranges = tables.parameter_ranges;
    const auto found = std::lower_bound(ranges.begin(), ranges.end(), resource_type,
                                        [](const auto& range, std::string_view name) { return range.type < name; });
    if (found == ranges.end() || found->type != resource_type) return {};
    return tables.parameters.subspan(found->first, found->count);
}

const SearchParameterDef* find_search_parameter(std::string_view resource_type, std::string_view code) noexcept {
    const auto all = search_parameters(resource_type);
    const auto found = std::lower_bound(all.begin(), all.end(), code,
                                        [](const auto& row, std::string_view name) { return row.code < name; });
    return found != all.end() && found->code == code ? &*found : nullptr;
}

std::span<const SearchParameterDef> search_parameters() noexcept { return tables.parameters; }

std::span<const CompartmentDef> compartment(std::string_view name) noexcept {
    for (const auto& found : tables.compartments)
        if (found.name == name) return found.rows;
    return {};
}

std::span<const ConstraintDef> constraints() noexcept { return tables.constraints; }

}  // namespace causeway::fhir::r4

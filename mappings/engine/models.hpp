#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "fhir/r4/tables.hpp"
#include "mappings/engine/plan.hpp"

/// The two type models as the compiler asks for them.
namespace causeway::mappings::models {

/// A field's data type: that of `version`, else of 2.5.1, else of any version that has the field (senders use later
/// fields early, and old ones late). Empty if none has it.
std::string_view field_type(std::string_view version, std::string_view segment, int field);
/// All data types the versions give the field, that of `version` first: type maps are looked for in this order.
std::vector<std::string_view> field_types(std::string_view version, std::string_view segment, int field);
std::string_view component_type(std::string_view version, std::string_view datatype, int component);
bool is_datatype(std::string_view name);
bool is_segment(std::string_view name);

V2Kind kind_of(std::string_view version, std::string_view datatype);
FhirKind kind_of(const fhir::r4::TypeDef& type) noexcept;

/// -1, 0, 1 as 2.3.1 stands to 2.5.
int compare_versions(std::string_view a, std::string_view b) noexcept;

}  // namespace causeway::mappings::models

#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "fhir/search/plan.hpp"
#include "fhir/search/value.hpp"

namespace causeway::fhir::search {

/// One search parameter of one resource type. Those of Resource and DomainResource stand under every type.
struct Parameter {
    struct Component {
        ParameterType type;
        std::string_view expression;  ///< from the composite's element; may use %resource
    };
    ParameterId id = 0;
    std::string_view resource_type;
    std::string_view code;
    ParameterType type = ParameterType::token;
    Special special = Special::none;
    std::string_view expression;  ///< only the alternatives for this resource type; empty for some special ones
    std::span<const std::string_view> targets;  ///< reference: types it may point to
    std::span<const Component> components;
    bool contact = false;  ///< values are telephone numbers or addresses: normalise_contact() on both sides
};

/// All parameters of a type, ids ascending; empty for an unknown type. Valid for the program's life.
std::span<const Parameter> parameters(std::string_view resource_type);
/// nullptr if the type has no parameter of that code. Codes are case-sensitive.
const Parameter* find_parameter(std::string_view resource_type, std::string_view code);
/// By number, from 1 to parameter_count().
const Parameter& parameter(ParameterId id);
std::size_t parameter_count();

}  // namespace causeway::fhir::search

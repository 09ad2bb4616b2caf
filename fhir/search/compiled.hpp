#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/path/expression.hpp"
#include "fhir/search/parameters.hpp"

namespace causeway::fhir::search {

/// A search parameter with its expressions compiled.
struct CompiledParameter {
    const Parameter* parameter;
    path::Expression expression;
    std::vector<path::Expression> components;
    std::string implicit_system;  ///< of `code` elements: the code system that their required binding names
    /// It can have values only where each of these meets the members that a resource has (CompiledType::present).
    std::vector<std::uint64_t> needs = {};
};

/// All evaluable parameters of a resource type, ids ascending.
struct CompiledType {
    const r4::TypeDef* type;
    ParameterId text = 0;  ///< number of `_text`, which has no expression; 0 if the type has none
    std::vector<CompiledParameter> parameters;
    std::vector<std::string> failures;  ///< "code: message" of those that do not compile; empty for R4's own

    /// A member of the resource that expressions begin with.
    struct FirstMember {
        std::string name;
        bool choice;  ///< any member whose name begins so
    };
    std::vector<FirstMember> members;  ///< its bit is its place; those that are no choice come first, in order of name
    std::size_t choices_from = 0;
    /// The bits of what a resource of this type has.
    std::uint64_t present(Element resource) const noexcept;
};

/// The parameter's expressions, for its own resource type. `parameter` outlives the result.
Result<CompiledParameter> compile_parameter(const Parameter& parameter);

/// Compiled when it is first asked for (some tenths of a millisecond), kept for the program's life; safe from any
/// thread. nullptr if there is no such resource type.
const CompiledType* compiled_type(std::string_view resource_type);

/// A composite's component as it is compiled: some of R4's write `DateTime` where the type is `dateTime`.
std::string corrected_expression(std::string_view expression);

}  // namespace causeway::fhir::search

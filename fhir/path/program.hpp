#pragma once
#include <deque>
#include <string>
#include <vector>

#include "fhir/path/ast.hpp"
#include "fhir/path/item.hpp"
#include "fhir/path/regex.hpp"

namespace causeway::fhir::path {

/// System types, in the order of ItemKind's values.
enum class SystemType : std::uint8_t { none, boolean, integer, decimal, string, date, date_time, time, quantity, any };

/// What `is`, `as` and `ofType` ask for: an unqualified name may be both a FHIR and a System type.
struct TypeSpecifier {
    const r4::TypeDef* fhir = nullptr;
    SystemType system = SystemType::none;
};

/// A node ready to run. Texts lie in Program::text or Program::ast.
struct Step {
    ExprKind kind = ExprKind::empty;
    Operator op = Operator::equal;
    FunctionId function = FunctionId::none;
    bool first = false;  ///< a member without input: may name the type of the focus
    ExprIndex input = no_expr;
    const ExprIndex* arguments = nullptr;
    std::uint32_t argument_count = 0;
    std::uint32_t offset = 0;
    std::string_view text;
    Item literal;
    TypeSpecifier type;
    const Regex* regex = nullptr;  ///< of a pattern that is a literal
    // member steps: what was resolved at compile time for a parent of this type
    const r4::TypeDef* parent = nullptr;
    const r4::ElementDef* element =
        nullptr;                         ///< null: the parent has no such element, or the step names the parent's type
    const r4::TypeDef* child = nullptr;  ///< its type, unless a choice or a resource
};

/// What an Expression shares: source, tree and literals.
struct Program {
    std::string text;
    Ast ast;
    std::vector<Step> steps;
    ExprIndex root = no_expr;
    bool as_filters = false;
    bool union_combines = false;
    std::deque<Decimal> decimals;
    std::deque<Quantity> quantities;
    std::deque<Regex> patterns;
};

/// `Patient`, `FHIR.Patient`, `System.String`; false if there is no such type.
bool find_type_specifier(std::string_view name, TypeSpecifier& out);

}  // namespace causeway::fhir::path

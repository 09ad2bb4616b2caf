#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/path/functions.hpp"
#include "fhir/path/token.hpp"
#include "fhir/result.hpp"

namespace causeway::fhir::path {

enum class Operator : std::uint8_t {
    implies,
    or_,
    xor_,
    and_,
    in,
    contains,
    equal,
    equivalent,
    not_equal,
    not_equivalent,
    less,
    greater,
    less_equal,
    greater_equal,
    union_,
    is,
    as,
    add,
    subtract,
    concatenate,
    multiply,
    divide,
    div,
    mod
};

enum class ExprKind : std::uint8_t {
    empty,    ///< `{}`
    literal,  ///< token kind in `literal`, text in `text`, unit of a quantity in `unit`
    this_,
    index,
    total,
    variable,  ///< `%name`
    member,    ///< `name`, on `input` or on $this
    function,  ///< `name(arguments)`, on `input` or on $this
    indexer,   ///< input[arguments[0]]
    negate,
    identity,   ///< unary - and +
    binary,     ///< arguments[0] op arguments[1]
    type_test,  ///< arguments[0] is/as the type `text`
};

using ExprIndex = std::uint32_t;
constexpr ExprIndex no_expr = 0xFFFFFFFF;

/// One node of a parsed expression. Children are indexes into the same Ast.
struct Expr {
    ExprKind kind = ExprKind::empty;
    Operator op = Operator::equal;
    TokenKind literal = TokenKind::end;  ///< number, string, date, date_time, time; identifier for true and false
    FunctionId function = FunctionId::none;
    ExprIndex input = no_expr;
    std::vector<ExprIndex> arguments;
    std::string text;
    std::string unit;
    bool quantity = false;
    bool calendar_unit = false;  ///< `4 days`, not `4 'd'`
    std::size_t offset = 0;
};

struct Ast {
    std::vector<Expr> nodes;
    ExprIndex root = no_expr;
};

/// Bounds what one expression may cost to read.
struct ParseLimits {
    std::size_t bytes_max = 64 * 1024;
    std::size_t depth_max = 200;
};

/// The normative FHIRPath grammar. Errors carry line and column; unknown functions and wrong argument counts are errors
/// here.
Result<Ast> parse(std::string_view expression, const ParseLimits& limits = {});

}  // namespace causeway::fhir::path

#include <algorithm>
#include <array>
#include <optional>

#include "fhir/path/expression.hpp"
#include "fhir/path/program.hpp"

namespace causeway::fhir::path {
namespace {

SystemType system_type(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, SystemType>, 9> names = {
        {{"Boolean", SystemType::boolean},
         {"Integer", SystemType::integer},
         {"Decimal", SystemType::decimal},
         {"String", SystemType::string},
         {"Date", SystemType::date},
         {"DateTime", SystemType::date_time},
         {"Time", SystemType::time},
         {"Quantity", SystemType::quantity},
         {"Any", SystemType::any}}};
    for (const auto& [known, type] : names) {
        if (known == name) return type;
    }
    return SystemType::none;
}

/// What a part of an expression may yield. `open`: or anything else.
struct Types {
    bool open = true;
    std::vector<const r4::TypeDef*> fhir;
    SystemType system = SystemType::none;

    static Types of(const r4::TypeDef* type) {
        Types types;
        if (type && !type->is_abstract) {
            types.open = false;
            types.fhir.push_back(type);
        }
        return types;
    }
    static Types of(SystemType system) {
        Types types;
        types.open = false;
        types.system = system;
        return types;
    }
    void add(const Types& other) {
        open = open || other.open;
        for (const auto* type : other.fhir) {
            if (std::find(fhir.begin(), fhir.end(), type) == fhir.end()) fhir.push_back(type);
        }
        if (system == SystemType::none) system = other.system;
    }
};

class Compiler {
public:
    Compiler(Program& program, bool strict) : program_(program), strict_(strict) {}

    std::optional<Error> run(const r4::TypeDef* context) {
        program_.steps.resize(program_.ast.nodes.size());
        program_.root = program_.ast.root;
        for (std::size_t i = 0; i < program_.steps.size() && !error_; ++i) lower(i);
        if (!error_ && context) {
            context_ = Types::of(context);
            infer(program_.root, context_);
        }
        return error_;
    }

private:
    void fail(std::size_t offset, std::string message, Errc code = Errc::wrong_shape) {
        if (!error_) error_ = error_at(program_.text, offset, std::move(message), code);
    }

    void lower(std::size_t index) {
        const Expr& expr = program_.ast.nodes[index];
        Step& step = program_.steps[index];
        step.kind = expr.kind;
        step.op = expr.op;
        step.function = expr.function;
        step.input = expr.input;
        step.arguments = expr.arguments.data();
        step.argument_count = static_cast<std::uint32_t>(expr.arguments.size());
        step.offset = static_cast<std::uint32_t>(expr.offset);
        step.text = expr.text;
        step.first = expr.kind == ExprKind::member && expr.input == no_expr;
        if (expr.kind == ExprKind::literal) lower_literal(expr, step);
        if (expr.kind == ExprKind::type_test && !find_type_specifier(expr.text, step.type)) {
            fail(expr.offset, "unknown type " + expr.text, Errc::unknown_name);
        }
        if (expr.function == FunctionId::matches || expr.function == FunctionId::matches_full ||
            expr.function == FunctionId::replace_matches) {
            lower_pattern(expr, step);
        }
        const bool typed =
            expr.function == FunctionId::is || expr.function == FunctionId::as || expr.function == FunctionId::of_type;
        if (expr.kind == ExprKind::function && typed) {
            const std::string name = type_argument(expr.arguments.front());
            if (name.empty()) {
                fail(expr.offset, expr.text + "() takes the name of a type");
            } else if (!find_type_specifier(name, step.type)) {
                fail(expr.offset, "unknown type " + name, Errc::unknown_name);
            }
        }
    }

    /// A pattern that stands in the expression is compiled with it.
    void lower_pattern(const Expr& expr, Step& step) {
        const Expr& argument = program_.ast.nodes[expr.arguments.front()];
        if (argument.kind != ExprKind::literal || argument.literal != TokenKind::string) return;
        std::string error;
        auto regex = Regex::compile(argument.text, error);
        if (!regex) return fail(argument.offset, "regular expression: " + error);
        program_.patterns.push_back(std::move(*regex));
        step.regex = &program_.patterns.back();
    }

    std::string type_argument(ExprIndex index) const {
        const Expr& expr = program_.ast.nodes[index];
        if (expr.kind != ExprKind::member) return {};
        if (expr.input == no_expr) return expr.text;
        const std::string space = type_argument(expr.input);
        return space.empty() ? space : space + "." + expr.text;
    }

    void lower_literal(const Expr& expr, Step& step) {
        switch (expr.literal) {
            case TokenKind::string:
                step.literal = Item::of(std::string_view(expr.text));
                return;
            case TokenKind::number:
                lower_number(expr, step);
                return;
            case TokenKind::date:
                lower_moment(expr, step, ItemKind::date, Temporal::parse_date(expr.text));
                return;
            case TokenKind::date_time:
                lower_moment(expr, step, ItemKind::date_time, Temporal::parse_date_time(expr.text));
                return;
            case TokenKind::time:
                lower_moment(expr, step, ItemKind::time, Temporal::parse_time(expr.text));
                return;
            default:
                step.literal = Item::of(expr.text == "true");
                return;
        }
    }

    void lower_number(const Expr& expr, Step& step) {
        const auto value = Decimal::parse(expr.text);
        if (!value) return fail(expr.offset, "number has more digits than can be held", Errc::bad_value);
        if (expr.quantity) {
            program_.quantities.push_back({*value, expr.unit, expr.calendar_unit});
            step.literal = Item::of(&program_.quantities.back());
        } else if (expr.text.find('.') == std::string::npos) {
            const auto whole = value->to_integer();
            if (!whole || *whole > INT32_MAX)
                return fail(expr.offset, "integer is larger than 2147483647", Errc::bad_value);
            step.literal = Item::of(*whole);
        } else {
            program_.decimals.push_back(*value);
            step.literal = Item::of(&program_.decimals.back());
        }
    }

    void lower_moment(const Expr& expr, Step& step, ItemKind kind, const std::optional<Temporal>& value) {
        if (!value) return fail(expr.offset, "no such date or time", Errc::bad_value);
        step.literal = Item::of(kind, *value);
    }

    // --- types

    Types infer(ExprIndex index, const Types& focus) {
        Step& step = program_.steps[index];
        switch (step.kind) {
            case ExprKind::empty:
                return Types::of(SystemType::none);
            case ExprKind::literal:
                return Types::of(static_cast<SystemType>(step.literal.kind()));
            case ExprKind::this_:
                return focus;
            case ExprKind::index:
                return Types::of(SystemType::integer);
            case ExprKind::total:
                return {};
            case ExprKind::variable:
                return step.text == "context" || step.text == "resource" ? context_ : Types{};
            case ExprKind::member:
                return infer_member(step, step.input == no_expr ? focus : infer(step.input, focus));
            case ExprKind::function:
                return infer_function(step, step.input == no_expr ? focus : infer(step.input, focus), focus);
            case ExprKind::indexer: {
                Types types = infer(step.input, focus);
                check_order(step, step.input);
                infer(step.arguments[0], focus);
                return types;
            }
            case ExprKind::negate:
            case ExprKind::identity:
                return infer(step.arguments[0], focus);
            case ExprKind::type_test: {
                infer(step.arguments[0], focus);
                return step.op == Operator::is ? Types::of(SystemType::boolean) : types_of(step.type);
            }
            case ExprKind::binary: {
                Types left = infer(step.arguments[0], focus);
                const Types right = infer(step.arguments[1], focus);
                if (step.op == Operator::union_) {
                    left.add(right);
                    return left;
                }
                return step.op <= Operator::greater_equal ? Types::of(SystemType::boolean) : Types{};
            }
        }
        return {};
    }

    static Types types_of(const TypeSpecifier& type) {
        if (type.fhir && type.system != SystemType::none) return {};
        return type.fhir ? Types::of(type.fhir) : Types::of(type.system);
    }

    Types infer_member(Step& step, const Types& input) {
        Types result = Types::of(SystemType::none);
        result.open = input.open;
        bool found = input.open || input.fhir.empty();
        for (const r4::TypeDef* parent : input.fhir) {
            if (step.first && names_type(*parent, step.text)) {
                if (input.fhir.size() == 1) step.parent = parent;
                result.add(Types::of(parent));
                found = true;
                continue;
            }
            const r4::ElementDef* const element = r4::find_choice(*parent, step.text);
            if (!element) continue;
            found = true;
            Types children = Types::of(SystemType::none);
            for (const r4::TypeDef* type : element->types) children.add(Types::of(type));
            if (input.fhir.size() == 1) {
                step.parent = parent;
                step.element = element;
                if (!element->is_choice && !children.open) step.child = element->types.front();
            }
            result.add(children);
        }
        if (!found && strict_)
            fail(step.offset, "there is no element " + std::string(step.text) + " here", Errc::unknown_name);
        return result;
    }

    static bool names_type(const r4::TypeDef& type, std::string_view name) {
        return !name.empty() && name[0] >= 'A' && name[0] <= 'Z' && r4::is_a(type, name);
    }

    /// children() and descendants() have no order that one may rely on.
    void check_order(const Step& step, ExprIndex input) {
        if (!strict_ || input == no_expr) return;
        const Step& from = program_.steps[input];
        if (from.kind == ExprKind::function &&
            (from.function == FunctionId::children || from.function == FunctionId::descendants)) {
            fail(step.offset, "the order of " + std::string(from.text) + "() is not defined");
        }
    }

    Types infer_function(Step& step, const Types& input, const Types& focus) {
        using F = FunctionId;
        const auto argument = [&](std::uint32_t at, const Types& of) {
            return at < step.argument_count ? infer(step.arguments[at], of) : Types{};
        };
        switch (step.function) {
            case F::where:
            case F::trace:
            case F::sort:
                for (std::uint32_t i = step.function == F::trace ? 1 : 0; i < step.argument_count; ++i)
                    argument(i, input);
                return input;
            case F::first:
            case F::last:
            case F::tail:
            case F::skip:
            case F::take:
                check_order(step, step.input);
                argument(0, focus);
                return input;
            case F::single:
            case F::distinct:
                return input;
            case F::exclude:
            case F::intersect:
                argument(0, focus);
                return input;
            case F::union_:
            case F::combine: {
                Types types = input;
                types.add(argument(0, focus));
                return types;
            }
            case F::select:
                return argument(0, input);
            case F::all:
            case F::exists:
                argument(0, input);
                return Types::of(SystemType::boolean);
            case F::iif:
                return infer_iif(step, input);
            case F::of_type:
            case F::as:
                return types_of(step.type);
            case F::is:
                return Types::of(SystemType::boolean);
            case F::extension:
                argument(0, focus);
                return Types::of(r4::find_type("Extension"));
            case F::aggregate:
            case F::repeat: {
                const Types anything;
                for (std::uint32_t i = 0; i < step.argument_count; ++i) argument(i, anything);
                return {};
            }
            default:
                for (std::uint32_t i = 0; i < step.argument_count; ++i) argument(i, focus);
                return {};
        }
    }

    Types infer_iif(Step& step, const Types& input) {
        const Types criterion = infer(step.arguments[0], input);
        if (strict_ && !criterion.open && criterion.system != SystemType::none &&
            criterion.system != SystemType::boolean) {
            fail(step.offset, "the first argument of iif() is no boolean");
        }
        Types types = infer(step.arguments[1], input);
        if (step.argument_count > 2) types.add(infer(step.arguments[2], input));
        return types;
    }

    Program& program_;
    bool strict_;
    Types context_;
    std::optional<Error> error_;
};

}  // namespace

bool find_type_specifier(std::string_view name, TypeSpecifier& out) {
    constexpr std::string_view fhir = "FHIR.";
    constexpr std::string_view system = "System.";
    if (name.starts_with(system)) {
        out.system = system_type(name.substr(system.size()));
        return true;  // System.Patient is no type, but asking for it is allowed
    }
    if (name.starts_with(fhir)) {
        out.fhir = r4::find_type(name.substr(fhir.size()));
    } else {
        out.fhir = r4::find_type(name);
        out.system = system_type(name);
    }
    return out.fhir || out.system != SystemType::none;
}

Result<Expression> Expression::compile(std::string_view text, const CompileOptions& options) {
    auto program = std::make_shared<Program>();
    program->text = text;
    program->as_filters = options.as_filters;
    program->union_combines = options.union_combines;
    auto ast = parse(program->text);
    if (ast.has_error()) return ast.error();
    program->ast = std::move(*ast);
    const r4::TypeDef* const context = options.context_type.empty() ? nullptr : r4::find_type(options.context_type);
    if (auto error = Compiler(*program, options.strict).run(context)) return *error;
    return Expression(std::move(program));
}

std::string_view Expression::text() const { return program_->text; }

}  // namespace causeway::fhir::path

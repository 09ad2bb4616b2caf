#include <array>
#include <optional>

#include "fhir/path/ast.hpp"

namespace causeway::fhir::path {
namespace {

struct BinaryOperator {
    std::string_view text;
    Operator op;
    int binding;  ///< higher binds tighter
    bool word;
};

constexpr int binding_of_types = 9;
constexpr auto operators = std::to_array<BinaryOperator>({
    {"implies", Operator::implies, 1, true},
    {"or", Operator::or_, 2, true},
    {"xor", Operator::xor_, 2, true},
    {"and", Operator::and_, 3, true},
    {"in", Operator::in, 4, true},
    {"contains", Operator::contains, 4, true},
    {"=", Operator::equal, 5, false},
    {"~", Operator::equivalent, 5, false},
    {"!=", Operator::not_equal, 5, false},
    {"!~", Operator::not_equivalent, 5, false},
    {"<", Operator::less, 6, false},
    {">", Operator::greater, 6, false},
    {"<=", Operator::less_equal, 6, false},
    {">=", Operator::greater_equal, 6, false},
    {"|", Operator::union_, 7, false},
    {"is", Operator::is, binding_of_types, true},
    {"as", Operator::as, binding_of_types, true},
    {"+", Operator::add, 10, false},
    {"-", Operator::subtract, 10, false},
    {"&", Operator::concatenate, 10, false},
    {"*", Operator::multiply, 11, false},
    {"/", Operator::divide, 11, false},
    {"div", Operator::div, 11, true},
    {"mod", Operator::mod, 11, true},
});

constexpr auto calendar_units =
    std::to_array<std::string_view>({"year", "years", "month", "months", "week", "weeks", "day", "days", "hour",
                                     "hours", "minute", "minutes", "second", "seconds", "millisecond", "milliseconds"});
/// Words that the grammar takes as names all the same.
bool may_name(const Token& token) {
    if (token.kind != TokenKind::identifier) return false;
    if (token.quoted) return true;
    for (const std::string_view word : {"and", "or", "xor", "implies", "div", "mod", "true", "false"}) {
        if (token.text == word) return false;
    }
    return true;
}

class Parser {
public:
    Parser(std::string_view text, std::vector<Token> tokens, const ParseLimits& limits)
        : text_(text), tokens_(std::move(tokens)), depth_max_(limits.depth_max) {}

    Result<Ast> run() {
        const ExprIndex root = expression(0);
        if (root != no_expr && token().kind != TokenKind::end) fail("operator or end of the expression expected");
        if (error_) return *error_;
        ast_.root = root;
        return std::move(ast_);
    }

private:
    const Token& token() const { return tokens_[at_]; }
    void advance() {
        if (at_ + 1 < tokens_.size()) ++at_;
    }
    ExprIndex fail(std::string message) { return fail_at(token().offset, std::move(message)); }
    ExprIndex fail_at(std::size_t offset, std::string message, Errc code = Errc::syntax) {
        if (!error_) error_ = error_at(text_, offset, std::move(message), code);
        return no_expr;
    }
    ExprIndex add(Expr expr) {
        ast_.nodes.push_back(std::move(expr));
        return static_cast<ExprIndex>(ast_.nodes.size() - 1);
    }
    bool take_symbol(std::string_view symbol) {
        if (!token().is_symbol(symbol)) return false;
        advance();
        return true;
    }
    ExprIndex expect(std::string_view symbol, ExprIndex value) {
        if (value == no_expr) return no_expr;
        if (!take_symbol(symbol)) return fail("'" + std::string(symbol) + "' expected");
        return value;
    }

    struct Depth {
        explicit Depth(std::size_t& depth) : depth_(++depth) {}
        ~Depth() { --depth_; }
        Depth(const Depth&) = delete;
        Depth& operator=(const Depth&) = delete;
        std::size_t& depth_;
    };

    const BinaryOperator* binary_operator() const {
        const Token& current = token();
        if (current.kind != TokenKind::symbol && (current.kind != TokenKind::identifier || current.quoted))
            return nullptr;
        for (const BinaryOperator& candidate : operators) {
            if (candidate.word == (current.kind == TokenKind::identifier) && candidate.text == current.text)
                return &candidate;
        }
        return nullptr;
    }

    ExprIndex expression(int binding_min) {
        const Depth depth(depth_);
        if (depth_ > depth_max_) return fail("expression is nested too deeply");
        ExprIndex left = unary();
        while (left != no_expr) {
            const BinaryOperator* const found = binary_operator();
            if (!found || found->binding <= binding_min) break;
            left = binary(left, *found);
        }
        return left;
    }

    ExprIndex binary(ExprIndex left, const BinaryOperator& found) {
        if (++chain_ > 1000) return fail("expression has too many operators");
        Expr expr;
        expr.kind = found.binding == binding_of_types ? ExprKind::type_test : ExprKind::binary;
        expr.op = found.op;
        expr.offset = token().offset;
        expr.arguments = {left};
        advance();
        if (expr.kind == ExprKind::type_test) {
            if (!type_name(expr.text)) return no_expr;
            return add(std::move(expr));
        }
        const ExprIndex right = expression(found.binding);
        if (right == no_expr) return no_expr;
        expr.arguments.push_back(right);
        return add(std::move(expr));
    }

    bool type_name(std::string& out) {
        if (!may_name(token())) {
            fail("type name expected");
            return false;
        }
        out = token().text;
        advance();
        while (take_symbol(".")) {
            if (!may_name(token())) {
                fail("type name expected after '.'");
                return false;
            }
            out += "." + token().text;
            advance();
        }
        return true;
    }

    ExprIndex unary() {
        if (!token().is_symbol("-") && !token().is_symbol("+")) return postfix();
        const Depth depth(depth_);
        if (depth_ > depth_max_) return fail("expression is nested too deeply");
        Expr expr;
        expr.kind = token().text == "-" ? ExprKind::negate : ExprKind::identity;
        expr.offset = token().offset;
        advance();
        const ExprIndex operand = unary();
        if (operand == no_expr) return no_expr;
        expr.arguments = {operand};
        return add(std::move(expr));
    }

    ExprIndex postfix() {
        ExprIndex value = term();
        while (value != no_expr) {
            if (++chain_ > 1000) return fail("expression has too many parts");
            if (take_symbol(".")) {
                value = invocation(value);
            } else if (token().is_symbol("[")) {
                Expr expr;
                expr.kind = ExprKind::indexer;
                expr.offset = token().offset;
                expr.input = value;
                advance();
                const ExprIndex index = expect("]", expression(0));
                if (index == no_expr) return no_expr;
                expr.arguments = {index};
                value = add(std::move(expr));
            } else {
                break;
            }
        }
        return value;
    }

    ExprIndex term() {
        const Token& current = token();
        switch (current.kind) {
            case TokenKind::number:
                return number();
            case TokenKind::string:
            case TokenKind::date:
            case TokenKind::date_time:
            case TokenKind::time:
                return literal();
            case TokenKind::variable:
                return simple(ExprKind::variable);
            case TokenKind::identifier:
                if (current.is_word("true") || current.is_word("false")) return literal();
                return invocation(no_expr);
            case TokenKind::special:
                return invocation(no_expr);
            case TokenKind::symbol:
                break;
            case TokenKind::end:
                return fail("expression ends where a value is expected");
        }
        if (take_symbol("(")) return expect(")", expression(0));
        if (current.text == "{") {
            const std::size_t offset = current.offset;
            advance();
            Expr expr;
            expr.offset = offset;
            return expect("}", add(std::move(expr)));
        }
        return fail("value expected");
    }

    ExprIndex simple(ExprKind kind) {
        Expr expr;
        expr.kind = kind;
        expr.offset = token().offset;
        expr.text = token().text;
        advance();
        return add(std::move(expr));
    }

    ExprIndex literal() {
        Expr expr;
        expr.kind = ExprKind::literal;
        expr.literal = token().kind;
        expr.offset = token().offset;
        expr.text = token().text;
        advance();
        return add(std::move(expr));
    }

    ExprIndex number() {
        const ExprIndex index = literal();
        Expr& expr = ast_.nodes[index];
        const Token& unit = token();
        if (unit.kind == TokenKind::string) {
            expr.quantity = true;
            expr.unit = unit.text;
            advance();
        } else if (unit.kind == TokenKind::identifier && !unit.quoted) {
            for (const std::string_view word : calendar_units) {
                if (unit.text != word) continue;
                expr.quantity = expr.calendar_unit = true;
                expr.unit = word;
                advance();
                break;
            }
        }
        return index;
    }

    ExprIndex invocation(ExprIndex input) {
        const Token& current = token();
        Expr expr;
        expr.offset = current.offset;
        expr.input = input;
        if (current.kind == TokenKind::special) {
            if (input != no_expr) return fail("'$" + current.text + "' cannot follow '.'");
            expr.kind = current.text == "this"    ? ExprKind::this_
                        : current.text == "index" ? ExprKind::index
                                                  : ExprKind::total;
            advance();
            return add(std::move(expr));
        }
        // after a point an operator's word cannot be meant: Patient.text.div
        const bool named = input == no_expr ? may_name(current) : current.kind == TokenKind::identifier;
        if (!named) return fail("name expected");
        expr.text = current.text;
        advance();
        if (!token().is_symbol("(")) {
            expr.kind = ExprKind::member;
            return add(std::move(expr));
        }
        return function(std::move(expr));
    }

    ExprIndex function(Expr expr) {
        const FunctionInfo* const info = find_function(expr.text);
        if (!info) return fail_at(expr.offset, "unknown function " + expr.text + "()", Errc::unknown_name);
        advance();
        expr.kind = ExprKind::function;
        expr.function = info->id;
        if (!token().is_symbol(")")) {
            do {
                const ExprIndex argument = sort_argument(expression(0), *info);
                if (argument == no_expr) return no_expr;
                expr.arguments.push_back(argument);
            } while (take_symbol(","));
        }
        if (!take_symbol(")")) return fail("',' or ')' expected");
        const std::size_t count = expr.arguments.size();
        if (count < info->arguments_min || count > info->arguments_max) {
            std::string wanted = std::to_string(info->arguments_min);
            if (info->arguments_max != info->arguments_min) wanted += " to " + std::to_string(info->arguments_max);
            return fail_at(expr.offset, expr.text + "() takes " + wanted + " arguments, not " + std::to_string(count));
        }
        return add(std::move(expr));
    }

    /// sort() takes `expression asc` and `expression desc`; `desc` becomes a negate node, as `-expression` is.
    ExprIndex sort_argument(ExprIndex argument, const FunctionInfo& info) {
        if (argument == no_expr || info.id != FunctionId::sort) return argument;
        if (token().is_word("asc")) {
            advance();
        } else if (token().is_word("desc")) {
            Expr expr;
            expr.kind = ExprKind::negate;
            expr.offset = token().offset;
            expr.arguments = {argument};
            advance();
            return add(std::move(expr));
        }
        return argument;
    }

    std::string_view text_;
    std::vector<Token> tokens_;
    std::size_t depth_max_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    std::size_t chain_ = 0;
    Ast ast_;
    std::optional<Error> error_;
};

}  // namespace

Result<Ast> parse(std::string_view expression, const ParseLimits& limits) {
    if (expression.size() > limits.bytes_max)
        return Error{Errc::too_large, "expression is longer than the limit", {}, 0, 0, 0};
    auto tokens = tokenize(expression);
    if (tokens.has_error()) return tokens.error();
    return Parser(expression, std::move(*tokens), limits).run();
}

}  // namespace causeway::fhir::path

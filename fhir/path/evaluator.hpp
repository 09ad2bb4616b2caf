#pragma once
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fhir/path/expression.hpp"
#include "fhir/path/program.hpp"

namespace causeway::fhir::path {

/// `%name` given by defineVariable(), innermost first.
struct Variable {
    std::string_view name;
    Collection value;
    const Variable* outer;
};

/// What `$this`, `$index`, `$total` and defined variables mean at a point of the evaluation.
struct Scope {
    std::span<const Item> focus;
    std::int64_t index = -1;
    const Collection* total = nullptr;
};

/// Runs one program over one focus. Every function answers false after fail(); results live in `memory`.
class Evaluator {
public:
    Evaluator(const Program& program, const Environment& environment, const Item& focus,
              std::pmr::memory_resource& memory)
        : program_(program), environment_(environment), root_(focus), memory_(memory) {}

    bool run(Collection& out);
    const std::optional<Error>& error() const { return error_; }
    bool good() const { return !error_; }
    const Environment& environment() const { return environment_; }
    const Item& root() const { return root_; }
    const Step& step(ExprIndex index) const { return program_.steps[index]; }
    std::pmr::memory_resource& memory() { return memory_; }
    const Variable* defined() const { return defined_; }
    void set_defined(const Variable* variable) { defined_ = variable; }
    bool as_filters() const { return program_.as_filters; }

    // Below: for the files of this folder that hold the functions.

    // evaluator.cpp
    bool eval(ExprIndex index, const Scope& scope, Collection& out);
    bool eval_member(const Step& step, const Scope& scope, Collection& out);
    bool eval_indexer(const Step& step, const Scope& scope, Collection& out);
    bool eval_sign(const Step& step, const Scope& scope, Collection& out);
    bool eval_variable(const Step& step, const Scope& scope, Collection& out);
    bool eval_type_test(const Step& step, const Scope& scope, Collection& out);
    bool eval_function(const Step& step, const Scope& scope, Collection& out);
    bool call(const Step& step, const Scope& scope, const Collection& input, Collection& out);
    void step_into(const Step& step, const Item& item, Collection& out);
    void push_children(const Item& parent, Element child, const r4::TypeDef* type, Collection& out);
    void all_children(const Item& item, Collection& out);
    bool spend(std::size_t steps, const Step& step);

    // operators.cpp
    bool eval_binary(const Step& step, const Scope& scope, Collection& out);
    bool eval_logic(const Step& step, const Scope& scope, Collection& out);
    bool eval_equality(const Step& step, const Collection& left, const Collection& right, Collection& out);
    bool eval_order(const Step& step, const Collection& left, const Collection& right, Collection& out);
    bool eval_arithmetic(const Step& step, const Collection& left, const Collection& right, Collection& out);
    bool concatenate(const Step& step, const Collection& left, const Collection& right, Collection& out);
    bool add_quantities(const Step& step, const Quantity& a, const Quantity& b, bool minus, Collection& out);
    bool scale_quantities(const Step& step, const Item& a, const Item& b, Collection& out);
    bool move_moment(const Step& step, const Item& moment, const Quantity& by, bool minus, Collection& out);
    std::optional<bool> equal(const Collection& left, const Collection& right);
    bool equivalent(std::span<const Item> left, std::span<const Item> right);
    std::optional<bool> equal(const Item& left, const Item& right);
    bool equivalent(const Item& left, const Item& right);
    bool contains(std::span<const Item> items, const Item& item);
    /// nullopt and no error: not comparable (empty). An error for types that never compare.
    std::optional<int> order(const Step& step, const Item& left, const Item& right);

    // convert.cpp
    /// The System value of a FHIR primitive or Quantity; other items come back as they are.
    Item value_of(const Item& item);
    std::optional<Decimal> decimal_of(const Item& value) const;
    std::optional<std::string_view> string_of(const Step& step, const Collection& input, std::string_view what);
    std::optional<bool> boolean_of(const Step& step, const Collection& input);
    std::optional<std::int64_t> integer_argument(const Step& step, std::uint32_t at, const Scope& scope);
    std::optional<std::string_view> string_argument(const Step& step, std::uint32_t at, const Scope& scope);

    Collection collection() { return Collection(&memory_); }
    std::string_view keep(std::string_view text);
    Item make(const Decimal& value);
    Item make(const Quantity& value);
    Item make_text(std::string_view text) { return Item::of(keep(text)); }
    bool fail(const Step& step, std::string message, Errc code = Errc::evaluation);
    bool one_or_none(const Step& step, const Collection& input, std::string_view what);

private:
    const Program& program_;
    const Environment& environment_;
    Item root_;
    std::pmr::memory_resource& memory_;
    std::optional<Error> error_;
    std::size_t spent_ = 0;
    const Variable* defined_ = nullptr;  ///< by defineVariable(); taken back where the argument that defined it ends
};

/// Functions by subject; each answers false after Evaluator::fail.
struct Collections {
    static bool call(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out);
};
struct Strings {
    static bool call(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out);
};
struct Numbers {
    static bool call(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out);
};
struct Moments {
    static bool call(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out);
};
struct Conversions {
    static bool call(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out);
};
struct Fhir {
    static bool call(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out);
};

/// By inheritance, as `is`; exact for primitives where `exact`, as `as` and `ofType`.
bool has_type(const Item& item, const TypeSpecifier& type, bool exact);
/// Resources carry their own type; everything else has the declared one.
const r4::TypeDef* actual_type(Element element, const r4::TypeDef* declared);

}  // namespace causeway::fhir::path

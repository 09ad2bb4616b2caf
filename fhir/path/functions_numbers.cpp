#include <cmath>

#include "fhir/path/evaluator.hpp"
#include "fhir/path/ucum.hpp"

namespace causeway::fhir::path {
namespace {

using F = FunctionId;

bool give_integer(const Decimal& value, Collection& out) {
    const auto whole = value.to_integer();
    if (whole && *whole >= INT32_MIN && *whole <= INT32_MAX) out.push_back(Item::of(*whole));
    return true;
}

bool give_double(Evaluator& e, double value, Collection& out) {
    if (const auto number = Decimal::from_double(value)) out.push_back(e.make(*number));
    return true;
}

/// A number given as argument.
std::optional<Item> number_argument(Evaluator& e, const Step& step, const Scope& scope) {
    Collection items = e.collection();
    if (!e.eval(step.arguments[0], scope, items) || items.empty() || !e.one_or_none(step, items, "an argument"))
        return std::nullopt;
    const Item value = e.value_of(items.front());
    if (value.is_number()) return value;
    e.fail(step, "a number is wanted, not " + type_name(value));
    return std::nullopt;
}

bool power(Evaluator& e, const Step& step, const Scope& scope, const Item& value, Collection& out) {
    const auto exponent = number_argument(e, step, scope);
    if (!exponent) return e.good();
    const bool whole = exponent->kind() == ItemKind::integer && exponent->integer() >= 0 && exponent->integer() <= 256;
    if (whole) {
        std::optional<Decimal> result = Decimal(1);
        for (std::int64_t i = 0; i < exponent->integer() && result; ++i)
            result = multiply(*result, *e.decimal_of(value));
        if (!result) return true;
        if (value.kind() == ItemKind::integer) return give_integer(*result, out);
        out.push_back(e.make(*result));
        return true;
    }
    return give_double(e, std::pow(e.decimal_of(value)->to_double(), e.decimal_of(*exponent)->to_double()), out);
}

bool comparable(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    Collection other = e.collection();
    if (!e.eval(step.arguments[0], scope, other)) return false;
    if (input.empty() || other.empty()) return true;
    if (!e.one_or_none(step, input, "comparable()") || !e.one_or_none(step, other, "comparable()")) return false;
    const Item a = e.value_of(input.front());
    const Item b = e.value_of(other.front());
    if (a.kind() != ItemKind::quantity || b.kind() != ItemKind::quantity)
        return e.fail(step, "comparable() takes quantities");
    const auto form = [](const Quantity& quantity) {
        return parse_unit(quantity.calendar ? unit_of_calendar_word(quantity.unit) : quantity.unit);
    };
    const auto x = form(a.quantity());
    const auto y = form(b.quantity());
    out.push_back(Item::of(a.quantity().unit == b.quantity().unit || (x && y && x->dimension == y->dimension)));
    return true;
}

}  // namespace

bool Numbers::call(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    if (step.function == F::comparable) return comparable(e, step, scope, input, out);
    if (input.empty()) return true;
    if (!e.one_or_none(step, input, std::string(step.text) + "()")) return false;
    const Item value = e.value_of(input.front());
    if (value.kind() == ItemKind::quantity && step.function == F::abs) {
        Quantity quantity = value.quantity();
        if (quantity.value.negative()) quantity.value = quantity.value.negated();
        out.push_back(e.make(quantity));
        return true;
    }
    if (!value.is_number()) return e.fail(step, std::string(step.text) + "() takes a number, not " + type_name(value));
    const Decimal number = *e.decimal_of(value);
    switch (step.function) {
        case F::abs:
            if (value.kind() == ItemKind::integer)
                return give_integer(number.negative() ? number.negated() : number, out);
            out.push_back(number.negative() ? e.make(number.negated()) : value);
            return true;
        case F::ceiling:
            return give_integer(number.ceiling(), out);
        case F::floor:
            return give_integer(number.floor(), out);
        case F::truncate:
            return give_integer(number.truncated(), out);
        case F::exp:
            return give_double(e, std::exp(number.to_double()), out);
        case F::ln:
            return give_double(e, std::log(number.to_double()), out);
        case F::sqrt:
            return give_double(e, std::sqrt(number.to_double()), out);
        case F::log: {
            const auto base = number_argument(e, step, scope);
            if (!base) return e.good();
            return give_double(e, std::log(number.to_double()) / std::log(e.decimal_of(*base)->to_double()), out);
        }
        case F::power:
            return power(e, step, scope, value, out);
        default: {  // round
            std::int64_t digits = 0;
            if (step.argument_count == 1) {
                const auto given = e.integer_argument(step, 0, scope);
                if (!given) return e.good();
                digits = *given;
            }
            if (digits < 0) return e.fail(step, "round() takes no negative number of digits");
            out.push_back(e.make(digits > Decimal::scale_max ? number : number.rounded(static_cast<int>(digits))));
            return true;
        }
    }
}

}  // namespace causeway::fhir::path

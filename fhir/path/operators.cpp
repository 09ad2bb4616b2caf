#include <algorithm>

#include "fhir/path/evaluator.hpp"
#include "fhir/path/ucum.hpp"

namespace causeway::fhir::path {
namespace {

/// Calendar years and months have no fixed length: under `=` they are comparable only among themselves.
bool months(const Quantity& quantity) {
    if (!quantity.calendar) return false;
    const std::string_view unit = unit_of_calendar_word(quantity.unit);
    return unit == "a" || unit == "mo";
}

struct InBase {
    Decimal value;
    std::string dimension;
};

std::optional<InBase> in_base(const Quantity& quantity) {
    const auto form = parse_unit(quantity.calendar ? unit_of_calendar_word(quantity.unit) : quantity.unit);
    if (!form) return std::nullopt;
    auto value = form->to_base(quantity.value);
    if (!value) return std::nullopt;
    return InBase{*value, form->dimension};
}

struct BasePair {
    Decimal a, b;
};

/// Both in one unit, if there is one.
std::optional<BasePair> comparable(const Quantity& a, const Quantity& b) {
    if (a.unit == b.unit && a.calendar == b.calendar) return BasePair{a.value, b.value};
    if (months(a) != months(b)) return std::nullopt;
    const auto x = in_base(a);
    const auto y = in_base(b);
    if (!x || !y || x->dimension != y->dimension) return std::nullopt;
    return BasePair{x->value, y->value};
}

/// Compared at the smaller number of digits after the point, as `~` does.
bool about_equal(const Decimal& a, const Decimal& b) {
    const Decimal x = a.stripped();
    const Decimal y = b.stripped();
    const int digits = std::min(x.scale(), y.scale());
    return x.rounded(digits).compare(y.rounded(digits)) == 0;
}

/// Significant digits of a number without its trailing zeros.
int significant(const Decimal& value) {
    std::string digits = value.stripped().to_string();
    std::erase_if(digits, [](char c) { return c == '.' || c == '-'; });
    const std::size_t first = digits.find_first_not_of('0');
    if (first == std::string::npos) return 1;
    digits.erase(0, first);
    const std::size_t last = digits.find_last_not_of('0');
    return static_cast<int>(last) + 1;
}

/// `4 'g' ~ 4040 'mg'`: the coarser one's digits decide, after conversion.
bool about_equal_quantities(const Quantity& a, const Quantity& b, const BasePair& base) {
    const Quantity& coarse = significant(a.value) <= significant(b.value) ? a : b;
    const auto unit = coarse.unit == (&coarse == &a ? b.unit : a.unit)
                          ? std::nullopt
                          : parse_unit(coarse.calendar ? unit_of_calendar_word(coarse.unit) : coarse.unit);
    if (!unit) return about_equal(base.a, base.b);
    const auto x = unit->from_base(base.a);
    const auto y = unit->from_base(base.b);
    if (!x || !y) return base.a.compare(base.b) == 0;
    const int digits = coarse.value.stripped().scale();
    return x->rounded(digits).compare(y->rounded(digits)) == 0;
}

}  // namespace

bool Evaluator::eval_binary(const Step& step, const Scope& scope, Collection& out) {
    if (step.op <= Operator::and_) return eval_logic(step, scope, out);
    Collection left = collection();
    Collection right = collection();
    const Variable* const defined = defined_;
    if (!eval(step.arguments[0], scope, left)) return false;
    defined_ = defined;
    if (!eval(step.arguments[1], scope, right)) return false;
    defined_ = defined;
    switch (step.op) {
        case Operator::equal:
        case Operator::not_equal:
        case Operator::equivalent:
        case Operator::not_equivalent:
            return eval_equality(step, left, right, out);
        case Operator::less:
        case Operator::greater:
        case Operator::less_equal:
        case Operator::greater_equal:
            return eval_order(step, left, right, out);
        case Operator::in:
        case Operator::contains: {
            const Collection& one = step.op == Operator::in ? left : right;
            const Collection& many = step.op == Operator::in ? right : left;
            if (!one_or_none(step, one, step.text.empty() ? "membership" : step.text)) return false;
            if (!one.empty()) out.push_back(Item::of(contains(many, one.front())));
            return spend(many.size(), step);
        }
        case Operator::union_:
            if (program_.union_combines) {
                out.insert(out.end(), left.begin(), left.end());
                out.insert(out.end(), right.begin(), right.end());
                return spend(out.size(), step);
            }
            for (const Collection* side : {&left, &right}) {
                for (const Item& item : *side) {
                    if (!spend(out.size() + 1, step)) return false;
                    if (!contains(out, item)) out.push_back(item);
                }
            }
            return true;
        case Operator::concatenate:
            return concatenate(step, left, right, out);
        default:
            return eval_arithmetic(step, left, right, out);
    }
}

bool Evaluator::eval_logic(const Step& step, const Scope& scope, Collection& out) {
    const auto side = [&](std::uint32_t at, std::optional<bool>& value) {
        Collection items = collection();
        const Variable* const defined = defined_;
        if (!eval(step.arguments[at], scope, items)) return false;
        defined_ = defined;
        value = boolean_of(step, items);
        return !error_;
    };
    std::optional<bool> left;
    std::optional<bool> right;
    if (!side(0, left)) return false;
    if (left && ((step.op == Operator::and_ && !*left) || (step.op == Operator::or_ && *left))) {
        out.push_back(Item::of(*left));
        return true;
    }
    if (step.op == Operator::implies && left && !*left) {
        out.push_back(Item::of(true));
        return true;
    }
    if (!side(1, right)) return false;
    std::optional<bool> result;
    switch (step.op) {
        case Operator::and_:
            if (right && !*right) result = false;
            if (left && right) result = *left && *right;
            break;
        case Operator::or_:
            if (right && *right) result = true;
            if (left && right) result = *left || *right;
            break;
        case Operator::xor_:
            if (left && right) result = *left != *right;
            break;
        default:  // implies
            if (right && *right) result = true;
            if (left && right) result = !*left || *right;
    }
    if (result) out.push_back(Item::of(*result));
    return true;
}

bool Evaluator::eval_equality(const Step& step, const Collection& left, const Collection& right, Collection& out) {
    if (!spend(left.size() + right.size(), step)) return false;
    if (step.op == Operator::equivalent || step.op == Operator::not_equivalent) {
        if (!spend(left.size() * right.size(), step)) return false;
        out.push_back(Item::of(equivalent(left, right) == (step.op == Operator::equivalent)));
        return true;
    }
    if (const auto same = equal(left, right)) out.push_back(Item::of(*same == (step.op == Operator::equal)));
    return true;
}

std::optional<bool> Evaluator::equal(const Collection& left, const Collection& right) {
    if (left.empty() || right.empty()) return std::nullopt;
    if (left.size() != right.size()) return false;
    std::optional<bool> result = true;
    for (std::size_t i = 0; i < left.size(); ++i) {
        const auto same = equal(left[i], right[i]);
        if (same && !*same) return false;
        if (!same) result = std::nullopt;
    }
    return result;
}

std::optional<bool> Evaluator::equal(const Item& left, const Item& right) {
    const Item a = value_of(left);
    const Item b = value_of(right);
    if (a.is_element() || b.is_element()) {
        if (!a.is_element() || !b.is_element()) return false;
        if (a.element() == b.element()) return true;
        Collection x = collection();
        Collection y = collection();
        all_children(a, x);
        all_children(b, y);
        if (x.size() != y.size() || a.element().text() != b.element().text() ||
            !spend(x.size(), program_.steps[program_.root]))
            return false;
        for (std::size_t i = 0; i < x.size(); ++i) {
            if (x[i].element().name() != y[i].element().name()) return false;
            const auto same = equal(x[i], y[i]);
            if (!same || !*same) return false;
        }
        return true;
    }
    if (a.kind() == ItemKind::integer && b.kind() == ItemKind::integer) return a.integer() == b.integer();
    if (a.is_number() && b.is_number()) return decimal_of(a)->compare(*decimal_of(b)) == 0;
    if (a.kind() == ItemKind::quantity || b.kind() == ItemKind::quantity) {
        const auto x = a.kind() == ItemKind::quantity ? std::optional(a.quantity())
                       : a.is_number()                ? std::optional(Quantity{*decimal_of(a), "1", false})
                                                      : std::nullopt;
        const auto y = b.kind() == ItemKind::quantity ? std::optional(b.quantity())
                       : b.is_number()                ? std::optional(Quantity{*decimal_of(b), "1", false})
                                                      : std::nullopt;
        if (!x || !y) return false;
        const auto pair = comparable(*x, *y);
        if (!pair) return std::nullopt;
        return pair->a.compare(pair->b) == 0;
    }
    if (a.is_temporal() && b.is_temporal()) {
        const bool a_time = a.kind() == ItemKind::time;
        if (a_time != (b.kind() == ItemKind::time)) return false;
        const auto order = compare(a.temporal(), b.temporal(), a_time);
        if (!order) return std::nullopt;
        return *order == std::strong_ordering::equal;
    }
    if (a.kind() != b.kind()) return false;
    switch (a.kind()) {
        case ItemKind::boolean:
            return a.boolean() == b.boolean();
        case ItemKind::string:
            return a.text() == b.text();
        case ItemKind::type_info:
            return a.type_info().space == b.type_info().space && a.type_info().name == b.type_info().name;
        default:
            return false;
    }
}

bool Evaluator::equivalent(std::span<const Item> left, std::span<const Item> right) {
    if (left.size() != right.size()) return false;
    if (left.size() == 1) return equivalent(left.front(), right.front());
    std::pmr::vector<bool> used(right.size(), false, &memory_);
    for (const Item& item : left) {
        bool found = false;
        for (std::size_t i = 0; i < right.size() && !found; ++i) {
            if (!used[i] && equivalent(item, right[i])) used[i] = found = true;
        }
        if (!found) return false;
    }
    return true;
}

bool Evaluator::equivalent(const Item& left, const Item& right) {
    const Item a = value_of(left);
    const Item b = value_of(right);
    if (a.is_element() && b.is_element()) {
        if (a.element() == b.element()) return true;
        if (a.element().text() != b.element().text()) return false;
        Collection x = collection();
        Collection y = collection();
        all_children(a, x);
        all_children(b, y);
        if (x.size() != y.size() || !spend(x.size() * x.size(), program_.steps[program_.root])) return false;
        std::pmr::vector<bool> used(y.size(), false, &memory_);
        for (const Item& child : x) {
            bool found = false;
            for (std::size_t i = 0; i < y.size() && !found; ++i) {
                if (!used[i] && child.element().name() == y[i].element().name() && equivalent(child, y[i]))
                    used[i] = found = true;
            }
            if (!found) return false;
        }
        return true;
    }
    if (a.is_number() && b.is_number()) return about_equal(*decimal_of(a), *decimal_of(b));
    if (a.kind() != b.kind()) {
        if (a.is_temporal() && b.is_temporal() && a.kind() != ItemKind::time && b.kind() != ItemKind::time)
            return path::equivalent(a.temporal(), b.temporal());
        return false;
    }
    switch (a.kind()) {
        case ItemKind::string: {
            const auto squeeze = [](std::string_view text) {
                std::string out;
                for (char c : text) {
                    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
                    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
                    if (!blank || (!out.empty() && out.back() != ' ')) out.push_back(blank ? ' ' : c);
                }
                return out;
            };
            return squeeze(a.text()) == squeeze(b.text());
        }
        case ItemKind::quantity: {
            Quantity x = a.quantity();
            Quantity y = b.quantity();
            for (Quantity* quantity : {&x, &y}) {
                if (quantity->calendar) *quantity = {quantity->value, unit_of_calendar_word(quantity->unit), false};
            }
            const auto pair = comparable(x, y);
            return pair && about_equal_quantities(x, y, *pair);
        }
        case ItemKind::date:
        case ItemKind::date_time:
            return path::equivalent(a.temporal(), b.temporal());
        case ItemKind::time: {
            const auto order = compare(a.temporal(), b.temporal(), true);
            return order && *order == std::strong_ordering::equal;
        }
        default:
            return equal(a, b).value_or(false);
    }
}

bool Evaluator::contains(std::span<const Item> items, const Item& item) {
    for (const Item& candidate : items) {
        if (equal(candidate, item).value_or(false)) return true;
    }
    return false;
}

std::optional<int> Evaluator::order(const Step& step, const Item& left, const Item& right) {
    const Item a = value_of(left);
    const Item b = value_of(right);
    if (a.is_number() && b.is_number()) return decimal_of(a)->compare(*decimal_of(b));
    if (a.kind() == ItemKind::string && b.kind() == ItemKind::string) {
        const int result = a.text().compare(b.text());
        return result < 0 ? -1 : result > 0 ? 1 : 0;
    }
    const bool a_quantity = a.kind() == ItemKind::quantity;
    const bool b_quantity = b.kind() == ItemKind::quantity;
    if ((a_quantity || a.is_number()) && (b_quantity || b.is_number())) {
        const auto pair = comparable(a_quantity ? a.quantity() : Quantity{*decimal_of(a), "1", false},
                                     b_quantity ? b.quantity() : Quantity{*decimal_of(b), "1", false});
        if (!pair) return std::nullopt;
        return pair->a.compare(pair->b);
    }
    if (a.is_temporal() && b.is_temporal() && (a.kind() == ItemKind::time) == (b.kind() == ItemKind::time)) {
        const auto result = compare(a.temporal(), b.temporal(), a.kind() == ItemKind::time);
        if (!result) return std::nullopt;
        return *result < 0   ? -1
               : *result > 0 ? 1
                             : 0;  // NOLINT(modernize-use-nullptr): these are std::partial_ordering
    }
    fail(step, "cannot compare " + type_name(a) + " with " + type_name(b));
    return std::nullopt;
}

bool Evaluator::eval_order(const Step& step, const Collection& left, const Collection& right, Collection& out) {
    if (!one_or_none(step, left, "a comparison") || !one_or_none(step, right, "a comparison")) return false;
    if (left.empty() || right.empty()) return true;
    const auto result = order(step, left.front(), right.front());
    if (!result) return !error_;
    const bool holds = step.op == Operator::less         ? *result < 0
                       : step.op == Operator::greater    ? *result > 0
                       : step.op == Operator::less_equal ? *result <= 0
                                                         : *result >= 0;
    out.push_back(Item::of(holds));
    return true;
}

}  // namespace causeway::fhir::path

#include <algorithm>

#include "fhir/path/evaluator.hpp"

namespace causeway::fhir::path {
namespace {

using F = FunctionId;

/// Evaluates an argument with one item as $this. Variables that it defines end with it.
bool apply(Evaluator& e, ExprIndex argument, const Scope& scope, const Item& item, std::size_t index, Collection& out) {
    Scope inner = scope;
    inner.focus = {&item, 1};
    inner.index = static_cast<std::int64_t>(index);
    const Variable* const defined = e.defined();
    if (out.empty()) {
        const bool good = e.eval(argument, inner, out);
        e.set_defined(defined);
        return good;
    }
    // functions may look at what they have put out so far: each result starts empty
    Collection one = e.collection();
    if (!e.eval(argument, inner, one)) return false;
    e.set_defined(defined);
    out.insert(out.end(), one.begin(), one.end());
    return true;
}

/// An argument that is a value, not a projection: evaluated once.
bool value_argument(Evaluator& e, const Step& step, std::uint32_t at, const Scope& scope, Collection& out) {
    const Variable* const defined = e.defined();
    const bool good = e.eval(step.arguments[at], scope, out);
    e.set_defined(defined);
    return good;
}

bool give(Collection& out, bool value) {
    out.push_back(Item::of(value));
    return true;
}

bool where(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    Collection result = e.collection();
    for (std::size_t i = 0; i < input.size(); ++i) {
        result.clear();
        if (!apply(e, step.arguments[0], scope, input[i], i, result)) return false;
        const auto holds = e.boolean_of(step, result);
        if (!e.good()) return false;
        if (holds && *holds) out.push_back(input[i]);
    }
    return true;
}

bool exists(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    if (step.argument_count == 0) return give(out, !input.empty());
    Collection found = e.collection();
    return where(e, step, scope, input, found) && give(out, !found.empty());
}

bool all(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    Collection result = e.collection();
    for (std::size_t i = 0; i < input.size(); ++i) {
        result.clear();
        if (!apply(e, step.arguments[0], scope, input[i], i, result)) return false;
        const auto holds = e.boolean_of(step, result);
        if (!e.good()) return false;
        if (!holds || !*holds) return give(out, false);
    }
    return give(out, true);
}

/// allTrue, anyTrue, allFalse, anyFalse
bool quantified(Evaluator& e, const Step& step, const Collection& input, Collection& out) {
    const bool wanted = step.function == F::all_true || step.function == F::any_true;
    const bool any = step.function == F::any_true || step.function == F::any_false;
    bool result = !any;
    for (const Item& item : input) {
        const Item value = e.value_of(item);
        if (value.kind() != ItemKind::boolean)
            return e.fail(step, std::string(step.text) + "() takes booleans, not " + type_name(value));
        if ((value.boolean() == wanted) == any) result = any;
    }
    return give(out, result);
}

bool select(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    for (std::size_t i = 0; i < input.size(); ++i) {
        if (!apply(e, step.arguments[0], scope, input[i], i, out) || !e.spend(out.size() / 16 + 1, step)) return false;
    }
    return true;
}

bool known(const Collection& items, std::size_t end, const Item& item, Evaluator& e) {
    for (std::size_t i = 0; i < end; ++i) {
        if (items[i].is_element() && item.is_element() ? items[i].element() == item.element()
                                                       : e.equal(items[i], item).value_or(false))
            return true;
    }
    return false;
}

bool repeat(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    Collection found = e.collection();
    for (std::size_t i = 0; i < input.size(); ++i) {
        if (!apply(e, step.arguments[0], scope, input[i], i, found)) return false;
    }
    for (std::size_t at = 0; at < found.size(); ++at) {
        const Item item = found[at];
        if (!e.spend(out.size() + 1, step)) return false;
        if (known(out, out.size(), item, e)) continue;
        out.push_back(item);
        if (!apply(e, step.arguments[0], scope, item, at, found)) return false;
    }
    return true;
}

/// Items without a key come first in both directions.
bool sort(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    struct Row {
        Item item;
        std::vector<std::optional<Item>> keys;
    };
    std::vector<Row> rows;
    std::vector<bool> down;
    std::vector<ExprIndex> keys;
    for (std::uint32_t k = 0; k < step.argument_count; ++k) {
        ExprIndex key = step.arguments[k];
        const bool descending = e.step(key).kind == ExprKind::negate;
        if (descending) key = e.step(key).arguments[0];
        keys.push_back(key);
        down.push_back(descending);
    }
    if (keys.empty()) down.push_back(false);
    for (std::size_t i = 0; i < input.size(); ++i) {
        Row row{input[i], {}};
        if (keys.empty()) row.keys.emplace_back(e.value_of(input[i]));
        for (const ExprIndex key : keys) {
            Collection value = e.collection();
            if (!apply(e, key, scope, input[i], i, value) || !e.one_or_none(step, value, "a sort key")) return false;
            row.keys.push_back(value.empty() ? std::nullopt : std::optional(e.value_of(value.front())));
        }
        rows.push_back(std::move(row));
    }
    if (!e.spend(rows.size() * 16, step)) return false;
    std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
        for (std::size_t k = 0; k < down.size(); ++k) {
            int order = 0;
            if (a.keys[k] && b.keys[k]) {
                order = e.good() ? e.order(step, *a.keys[k], *b.keys[k]).value_or(0) : 0;
            } else if (a.keys[k].has_value() != b.keys[k].has_value()) {
                return b.keys[k].has_value();
            }
            if (order != 0) return (order < 0) != down[k];
        }
        return false;
    });
    for (const Row& row : rows) out.push_back(row.item);
    return e.good();
}

void distinct(Evaluator& e, const Collection& input, Collection& out) {
    for (const Item& item : input) {
        if (!e.contains(out, item)) out.push_back(item);
    }
}

/// subsetOf, supersetOf, intersect, exclude, union, combine: two collections.
bool with_other(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    Collection other = e.collection();
    if (!value_argument(e, step, 0, scope, other)) return false;
    if (step.function != F::combine && !e.spend(input.size() * other.size() + input.size(), step)) return false;
    const auto subset = [&](const Collection& a, const Collection& b) {
        return std::all_of(a.begin(), a.end(), [&](const Item& item) { return e.contains(b, item); });
    };
    switch (step.function) {
        case F::subset_of:
            return give(out, subset(input, other));
        case F::superset_of:
            return give(out, subset(other, input));
        case F::intersect:
            for (const Item& item : input) {
                if (e.contains(other, item) && !e.contains(out, item)) out.push_back(item);
            }
            return true;
        case F::exclude:
            for (const Item& item : input) {
                if (!e.contains(other, item)) out.push_back(item);
            }
            return true;
        case F::union_:
            distinct(e, input, out);
            for (const Item& item : other) {
                if (!e.contains(out, item)) out.push_back(item);
            }
            return true;
        default:
            out.insert(out.end(), input.begin(), input.end());
            out.insert(out.end(), other.begin(), other.end());
            return true;
    }
}

bool iif(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    if (step.input != no_expr && !e.one_or_none(step, input, "iif()")) return false;
    Scope inner = scope;
    if (step.input != no_expr) inner.focus = {input.data(), input.size()};
    Collection criterion = e.collection();
    if (!value_argument(e, step, 0, inner, criterion)) return false;
    const auto holds = e.boolean_of(step, criterion);
    if (!e.good()) return false;
    if (holds && *holds) return value_argument(e, step, 1, inner, out);
    return step.argument_count < 3 || value_argument(e, step, 2, inner, out);
}

bool aggregate(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    Collection total = e.collection();
    if (step.argument_count == 2 && !value_argument(e, step, 1, scope, total)) return false;
    for (std::size_t i = 0; i < input.size(); ++i) {
        Scope inner = scope;
        inner.total = &total;
        Collection next = e.collection();
        if (!apply(e, step.arguments[0], inner, input[i], i, next)) return false;
        total.swap(next);
    }
    out.insert(out.end(), total.begin(), total.end());
    return true;
}

bool descendants(Evaluator& e, const Step& step, const Collection& input, Collection& out) {
    std::size_t at = out.size();
    for (const Item& item : input) e.all_children(item, out);
    for (; at < out.size(); ++at) {
        const Item item = out[at];
        if (!e.spend(1, step)) return false;
        e.all_children(item, out);
    }
    return true;
}

bool trace(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    const auto name = e.string_argument(step, 0, scope);
    if (!e.good()) return false;
    Collection shown = e.collection();
    for (std::size_t i = 0; step.argument_count > 1 && i < input.size(); ++i) {
        if (!apply(e, step.arguments[1], scope, input[i], i, shown)) return false;
    }
    if (e.environment().hooks) e.environment().hooks->trace(name.value_or(""), step.argument_count > 1 ? shown : input);
    out.insert(out.end(), input.begin(), input.end());
    return true;
}

bool define_variable(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    const auto name = e.string_argument(step, 0, scope);
    if (!name) return e.good() ? e.fail(step, "defineVariable() wants a name") : false;
    for (const std::string_view reserved : {"context", "resource", "rootResource", "ucum", "sct", "loinc"}) {
        if (*name == reserved) return e.fail(step, "%" + std::string(*name) + " cannot be defined again");
    }
    for (const Variable* at = e.defined(); at; at = at->outer) {
        if (at->name == *name) return e.fail(step, "%" + std::string(*name) + " is defined already");
    }
    void* const place = e.memory().allocate(sizeof(Variable), alignof(Variable));
    Variable* const variable = new (place) Variable{e.keep(*name), e.collection(), e.defined()};
    Scope inner = scope;
    inner.focus = {input.data(), input.size()};
    if (step.argument_count == 1) {
        variable->value = input;
    } else if (!value_argument(e, step, 1, inner, variable->value)) {
        return false;
    }
    e.set_defined(variable);
    out.insert(out.end(), input.begin(), input.end());
    return true;
}

/// skip, take, tail, first, last: a range of the input.
bool range(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    const std::size_t size = input.size();
    std::size_t from = 0;
    std::size_t to = size;
    std::int64_t count = 0;
    if (step.function == F::skip || step.function == F::take) {
        const auto given = e.integer_argument(step, 0, scope);
        if (!given) return e.good();
        count = std::clamp<std::int64_t>(*given, 0, static_cast<std::int64_t>(size));
    }
    switch (step.function) {
        case F::first:
            to = std::min<std::size_t>(1, size);
            break;
        case F::last:
            from = size == 0 ? 0 : size - 1;
            break;
        case F::tail:
            from = std::min<std::size_t>(1, size);
            break;
        case F::skip:
            from = static_cast<std::size_t>(count);
            break;
        default:
            to = static_cast<std::size_t>(count);
    }
    out.insert(out.end(), input.begin() + static_cast<std::ptrdiff_t>(from),
               input.begin() + static_cast<std::ptrdiff_t>(to));
    return true;
}

bool coalesce(Evaluator& e, const Step& step, const Scope& scope, Collection& out) {
    for (std::uint32_t i = 0; i < step.argument_count && out.empty(); ++i) {
        if (!value_argument(e, step, i, scope, out)) return false;
    }
    return true;
}

}  // namespace

bool Collections::call(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    switch (step.function) {
        case F::empty:
            return give(out, input.empty());
        case F::exists:
            return exists(e, step, scope, input, out);
        case F::all:
            return all(e, step, scope, input, out);
        case F::all_true:
        case F::any_true:
        case F::all_false:
        case F::any_false:
            return quantified(e, step, input, out);
        case F::count:
            out.push_back(Item::of(static_cast<std::int64_t>(input.size())));
            return true;
        case F::distinct:
            if (!e.spend(input.size() * input.size() / 8, step)) return false;
            distinct(e, input, out);
            return true;
        case F::is_distinct: {
            if (!e.spend(input.size() * input.size() / 8, step)) return false;
            Collection unique = e.collection();
            distinct(e, input, unique);
            return give(out, unique.size() == input.size());
        }
        case F::where:
            return where(e, step, scope, input, out);
        case F::select:
            return select(e, step, scope, input, out);
        case F::repeat:
            return repeat(e, step, scope, input, out);
        case F::of_type:
            for (const Item& item : input) {
                if (has_type(item, step.type, true)) out.push_back(item);
            }
            return true;
        case F::sort:
            return sort(e, step, scope, input, out);
        case F::single:
            if (!e.one_or_none(step, input, "single()")) return false;
            out.insert(out.end(), input.begin(), input.end());
            return true;
        case F::first:
        case F::last:
        case F::tail:
        case F::skip:
        case F::take:
            return range(e, step, scope, input, out);
        case F::subset_of:
        case F::superset_of:
        case F::intersect:
        case F::exclude:
        case F::union_:
        case F::combine:
            return with_other(e, step, scope, input, out);
        case F::coalesce:
            return coalesce(e, step, scope, out);
        case F::children:
            for (const Item& item : input) e.all_children(item, out);
            return e.spend(out.size(), step);
        case F::descendants:
            return descendants(e, step, input, out);
        case F::trace:
            return trace(e, step, scope, input, out);
        case F::define_variable:
            return define_variable(e, step, scope, input, out);
        case F::aggregate:
            return aggregate(e, step, scope, input, out);
        case F::iif:
            return iif(e, step, scope, input, out);
        case F::not_: {
            const auto value = e.boolean_of(step, input);
            if (value) out.push_back(Item::of(!*value));
            return e.good();
        }
        default:
            return e.fail(step, std::string(step.text) + "() is not built", Errc::not_supported);
    }
}

}  // namespace causeway::fhir::path

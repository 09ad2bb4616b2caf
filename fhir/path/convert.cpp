#include <algorithm>

#include "fhir/json/json.hpp"
#include "fhir/path/evaluator.hpp"
#include "fhir/path/ucum.hpp"

namespace causeway::fhir::path {
namespace {

using r4::Primitive;

bool is_quantity(const r4::TypeDef* type) { return type && r4::is_a(*type, "Quantity"); }

std::string quantity_text(const Quantity& quantity) {
    std::string text = quantity.value.to_string() + " ";
    return quantity.calendar ? text + std::string(quantity.unit) : text + "'" + std::string(quantity.unit) + "'";
}

/// The text a computed primitive has under toString(); nullopt for what has none.
std::optional<std::string> text_of(const Item& value) {
    switch (value.kind()) {
        case ItemKind::boolean:
            return value.boolean() ? "true" : "false";
        case ItemKind::integer:
            return std::to_string(value.integer());
        case ItemKind::decimal:
            return value.decimal().to_string();
        case ItemKind::string:
            return std::string(value.text());
        case ItemKind::date:
            return value.temporal().date_text();
        case ItemKind::date_time:
            return value.temporal().date_time_text();
        case ItemKind::time:
            return value.temporal().time_text();
        case ItemKind::quantity:
            return quantity_text(value.quantity());
        default:
            return std::nullopt;
    }
}

std::optional<bool> to_boolean(const Item& value) {
    if (value.kind() == ItemKind::boolean) return value.boolean();
    if (value.kind() == ItemKind::integer || value.kind() == ItemKind::decimal) {
        const Decimal number = value.kind() == ItemKind::integer ? Decimal(value.integer()) : value.decimal();
        if (number == Decimal(1)) return true;
        if (number == Decimal(0)) return false;
    }
    if (value.kind() != ItemKind::string) return std::nullopt;
    std::string text(value.text());
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    for (const char* yes : {"true", "t", "yes", "y", "1", "1.0"}) {
        if (text == yes) return true;
    }
    for (const char* no : {"false", "f", "no", "n", "0", "0.0"}) {
        if (text == no) return false;
    }
    return std::nullopt;
}

/// Digits with an optional sign, as toInteger() and toDecimal() read strings; no exponent.
std::optional<Decimal> plain_number(std::string_view text, bool fraction) {
    const std::string_view digits = !text.empty() && (text[0] == '-' || text[0] == '+') ? text.substr(1) : text;
    if (digits.empty() || digits.front() == '.' ||
        digits.find_first_not_of(fraction ? "0123456789." : "0123456789") != std::string_view::npos)
        return std::nullopt;
    return Decimal::parse(text);
}

std::optional<std::int64_t> to_integer(const Item& value) {
    if (value.kind() == ItemKind::integer) return value.integer();
    if (value.kind() == ItemKind::boolean) return value.boolean() ? 1 : 0;
    if (value.kind() != ItemKind::string) return std::nullopt;
    const auto number = plain_number(value.text(), false);
    const auto whole = number ? number->to_integer() : std::nullopt;
    return whole && *whole >= INT32_MIN && *whole <= INT32_MAX ? whole : std::nullopt;
}

std::optional<Decimal> to_decimal(const Item& value) {
    if (value.kind() == ItemKind::integer) return Decimal(value.integer());
    if (value.kind() == ItemKind::decimal) return value.decimal();
    if (value.kind() == ItemKind::boolean) return value.boolean() ? Decimal(10, 1) : Decimal(0, 1);
    return value.kind() == ItemKind::string ? plain_number(value.text(), true) : std::nullopt;
}

struct ReadQuantity {
    Decimal value;
    std::string unit;
    bool calendar = false;
};

/// `4`, `4 days`, `4 'mg'`
std::optional<ReadQuantity> read_quantity(std::string_view text) {
    std::size_t end = text.find_first_not_of("+-0123456789.");
    if (end == std::string_view::npos) end = text.size();
    const auto number = plain_number(text.substr(0, end), true);
    if (!number) return std::nullopt;
    while (end < text.size() && (text[end] == ' ' || text[end] == '\t' || text[end] == '\n')) ++end;
    const std::string_view unit = text.substr(end);
    if (unit.empty()) return ReadQuantity{*number, "1"};
    if (unit.size() > 2 && unit.front() == '\'' && unit.back() == '\'')
        return ReadQuantity{*number, std::string(unit.substr(1, unit.size() - 2))};
    if (unit_of_calendar_word(unit).empty()) return std::nullopt;
    return ReadQuantity{*number, std::string(unit), true};
}

std::optional<ReadQuantity> to_quantity(const Item& value) {
    switch (value.kind()) {
        case ItemKind::integer:
            return ReadQuantity{Decimal(value.integer()), "1"};
        case ItemKind::decimal:
            return ReadQuantity{value.decimal(), "1"};
        case ItemKind::boolean:
            return ReadQuantity{value.boolean() ? Decimal(10, 1) : Decimal(0, 1), "1"};
        case ItemKind::quantity:
            return ReadQuantity{value.quantity().value, std::string(value.quantity().unit), value.quantity().calendar};
        case ItemKind::string:
            return read_quantity(value.text());
        default:
            return std::nullopt;
    }
}

std::optional<Temporal> to_date(const Item& value) {
    if (value.kind() == ItemKind::date) return value.temporal();
    std::optional<Temporal> moment;
    if (value.kind() == ItemKind::date_time) moment = value.temporal();
    if (value.kind() == ItemKind::string) moment = Temporal::parse_date_time(value.text());
    if (!moment) return std::nullopt;
    Temporal date;
    date.year = moment->year;
    date.month = moment->month;
    date.day = moment->day;
    date.precision = std::min(moment->precision, Precision::day);
    return date;
}

std::optional<Temporal> to_date_time(const Item& value) {
    if (value.kind() == ItemKind::date || value.kind() == ItemKind::date_time) return value.temporal();
    return value.kind() == ItemKind::string ? Temporal::parse_date_time(value.text()) : std::nullopt;
}

std::optional<Temporal> to_time(const Item& value) {
    if (value.kind() == ItemKind::time) return value.temporal();
    if (value.kind() != ItemKind::string) return std::nullopt;
    return Temporal::parse_time(value.text().starts_with('T') ? value.text().substr(1) : value.text());
}

}  // namespace

Item Evaluator::value_of(const Item& item) {
    if (!item.is_element()) return item;
    const Element element = item.element();
    if (element.is_object()) {
        if (!is_quantity(item.type())) return item;
        const auto value = Decimal::parse(element["value"].text());
        if (!value || element["comparator"]) return item;
        const Element code = element["code"];
        const Element unit = element["unit"];
        Quantity quantity{*value, "1", false};
        if (code) {
            quantity.unit = code.text();
        } else if (unit) {
            quantity.unit = unit.text();
        }
        return make(quantity);
    }
    if (!element.has_value()) return item;
    const std::string_view text = element.text();
    Primitive primitive = item.type() ? item.type()->primitive : Primitive::none;
    if (primitive == Primitive::none) {
        primitive = element.kind() == Kind::number    ? Primitive::decimal
                    : element.kind() == Kind::boolean ? Primitive::boolean
                                                      : Primitive::string;
    }
    switch (primitive) {
        case Primitive::boolean:
            return Item::of(text == "true");
        case Primitive::integer:
        case Primitive::positive_int:
        case Primitive::unsigned_int:
        case Primitive::decimal: {
            const auto number = Decimal::parse(text);
            if (!number) return Item::of(text);
            if (primitive != Primitive::decimal) {
                if (const auto whole = number->to_integer()) return Item::of(*whole);
            }
            return make(*number);
        }
        case Primitive::date:
            if (const auto moment = Temporal::parse_date(text)) return Item::of(ItemKind::date, *moment);
            return Item::of(text);
        case Primitive::date_time:
        case Primitive::instant:
            if (const auto moment = Temporal::parse_date_time(text)) return Item::of(ItemKind::date_time, *moment);
            return Item::of(text);
        case Primitive::time:
            if (const auto moment = Temporal::parse_time(text)) return Item::of(ItemKind::time, *moment);
            return Item::of(text);
        default:
            return Item::of(text);
    }
}

std::optional<Decimal> Evaluator::decimal_of(const Item& value) const {
    if (value.kind() == ItemKind::integer) return Decimal(value.integer());
    if (value.kind() == ItemKind::decimal) return value.decimal();
    return std::nullopt;
}

std::optional<std::string_view> Evaluator::string_of(const Step& step, const Collection& input, std::string_view what) {
    if (input.empty() || !one_or_none(step, input, what)) return std::nullopt;
    const Item value = value_of(input.front());
    if (value.kind() == ItemKind::string) return value.text();
    if (value.is_element() && value.element().is_primitive()) return std::nullopt;  // no value, only extensions
    if (!value.is_element()) {
        // a date is written as a string where a string is asked for; numbers are not
        if (value.is_temporal()) return keep(*text_of(value));
    }
    fail(step, std::string(what) + " takes a string, not " + type_name(value));
    return std::nullopt;
}

std::optional<bool> Evaluator::boolean_of(const Step& step, const Collection& input) {
    if (input.empty() || !one_or_none(step, input, "a condition")) return std::nullopt;
    const Item value = value_of(input.front());
    if (value.kind() == ItemKind::boolean) return value.boolean();
    return true;  // singleton evaluation: something is there
}

std::optional<std::int64_t> Evaluator::integer_argument(const Step& step, std::uint32_t at, const Scope& scope) {
    Collection items = collection();
    if (!eval(step.arguments[at], scope, items) || items.empty() || !one_or_none(step, items, "an argument"))
        return std::nullopt;
    const Item value = value_of(items.front());
    if (value.kind() == ItemKind::integer) return value.integer();
    fail(step, "an integer is wanted, not " + type_name(value));
    return std::nullopt;
}

std::optional<std::string_view> Evaluator::string_argument(const Step& step, std::uint32_t at, const Scope& scope) {
    Collection items = collection();
    if (!eval(step.arguments[at], scope, items)) return std::nullopt;
    return string_of(step, items, "an argument");
}

bool Conversions::call(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    using F = FunctionId;
    if (input.empty()) return true;
    if (!e.one_or_none(step, input, step.text)) return false;
    const Item value = e.value_of(input.front());
    const auto moment = [&](ItemKind kind, const std::optional<Temporal>& temporal) {
        if (temporal) out.push_back(Item::of(kind, *temporal));
        return true;
    };
    const auto known = [&](bool yes) {
        out.push_back(Item::of(yes));
        return true;
    };
    switch (step.function) {
        case F::to_boolean:
            if (const auto boolean = to_boolean(value)) out.push_back(Item::of(*boolean));
            return true;
        case F::converts_to_boolean:
            return known(to_boolean(value).has_value());
        case F::to_integer:
            if (const auto whole = to_integer(value)) out.push_back(Item::of(*whole));
            return true;
        case F::converts_to_integer:
            return known(to_integer(value).has_value());
        case F::to_decimal:
            if (const auto number = to_decimal(value)) out.push_back(e.make(*number));
            return true;
        case F::converts_to_decimal:
            return known(to_decimal(value).has_value());
        case F::to_string:
            if (const auto text = text_of(value)) out.push_back(e.make_text(*text));
            return true;
        case F::converts_to_string:
            return known(text_of(value).has_value());
        case F::to_date:
            return moment(ItemKind::date, to_date(value));
        case F::converts_to_date:
            return known(to_date(value).has_value());
        case F::to_date_time:
            return moment(ItemKind::date_time, to_date_time(value));
        case F::converts_to_date_time:
            return known(to_date_time(value).has_value());
        case F::to_time:
            return moment(ItemKind::time, to_time(value));
        case F::converts_to_time:
            return known(to_time(value).has_value());
        default:
            break;
    }
    // toQuantity and convertsToQuantity, with the unit wanted as an argument
    auto quantity = to_quantity(value);
    if (quantity && step.argument_count == 1) {
        const auto unit = e.string_argument(step, 0, scope);
        if (!unit) return e.good();
        const auto from = parse_unit(quantity->calendar ? unit_of_calendar_word(quantity->unit) : quantity->unit);
        const auto to = parse_unit(*unit);
        const bool fits = from && to && from->dimension == to->dimension;
        const auto base = fits ? from->to_base(quantity->value) : std::nullopt;
        const auto converted = base ? to->from_base(*base) : std::nullopt;
        quantity = converted ? std::optional(ReadQuantity{*converted, std::string(*unit)}) : std::nullopt;
    }
    if (step.function == F::converts_to_quantity) return known(quantity.has_value());
    if (quantity) out.push_back(e.make(Quantity{quantity->value, e.keep(quantity->unit), quantity->calendar}));
    return true;
}

std::string type_name(const Item& item) {
    if (item.is_element()) return item.type() ? "FHIR." + std::string(item.type()->name) : "?";
    static constexpr std::string_view names[] = {"",     "Boolean",  "Integer", "Decimal",  "String",
                                                 "Date", "DateTime", "Time",    "Quantity", "TypeInfo"};
    return "System." + std::string(names[static_cast<std::size_t>(item.kind())]);
}

std::string display(const Item& item) {
    if (item.is_element()) {
        if (item.element().is_primitive() && item.element().has_value()) return std::string(item.element().text());
        std::string text;
        write_json(item.element(), text, {});
        return text;
    }
    if (item.kind() == ItemKind::type_info)
        return std::string(item.type_info().space) + "." + std::string(item.type_info().name);
    return *text_of(item);
}

}  // namespace causeway::fhir::path

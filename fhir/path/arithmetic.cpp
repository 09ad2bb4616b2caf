#include <algorithm>

#include "fhir/path/evaluator.hpp"
#include "fhir/path/ucum.hpp"

namespace causeway::fhir::path {
namespace {

/// Units that a date or time can be moved by: the calendar words, quoted or not, and the UCUM units of fixed length.
std::optional<CalendarUnit> calendar_unit(const Quantity& quantity) {
    std::string_view unit = quantity.unit;
    const bool word = quantity.calendar || !unit_of_calendar_word(unit).empty();
    if (word) unit = unit_of_calendar_word(unit);
    if (word && unit == "a") return CalendarUnit::year;
    if (word && unit == "mo") return CalendarUnit::month;
    if (unit == "wk") return CalendarUnit::week;
    if (unit == "d") return CalendarUnit::day;
    if (unit == "h") return CalendarUnit::hour;
    if (unit == "min") return CalendarUnit::minute;
    if (unit == "s") return CalendarUnit::second;
    if (unit == "ms") return CalendarUnit::millisecond;
    return std::nullopt;
}

Precision precision_of(CalendarUnit unit) {
    switch (unit) {
        case CalendarUnit::year:
            return Precision::year;
        case CalendarUnit::month:
            return Precision::month;
        case CalendarUnit::week:
        case CalendarUnit::day:
            return Precision::day;
        case CalendarUnit::hour:
            return Precision::hour;
        case CalendarUnit::minute:
            return Precision::minute;
        default:
            return Precision::second;
    }
}

/// A duration in a unit coarser than its own, as FHIRPath asks when the moment is less precise: 25 hours are 1 day.
std::int64_t in_coarser(CalendarUnit& unit, std::int64_t amount, Precision precision) {
    const auto convert = [&](CalendarUnit from, CalendarUnit to, std::int64_t factor) {
        if (unit != from || precision >= precision_of(from)) return;
        amount /= factor;
        unit = to;
    };
    if (precision < Precision::second && unit == CalendarUnit::millisecond) {
        amount /= 1000;
        unit = CalendarUnit::second;
    }
    convert(CalendarUnit::second, CalendarUnit::minute, 60);
    convert(CalendarUnit::minute, CalendarUnit::hour, 60);
    convert(CalendarUnit::hour, CalendarUnit::day, 24);
    if (unit == CalendarUnit::week && precision < Precision::day) {
        amount *= 7;
        unit = CalendarUnit::day;
    }
    convert(CalendarUnit::day, CalendarUnit::month, 30);
    convert(CalendarUnit::month, CalendarUnit::year, 12);
    return amount;
}

std::string product_unit(std::string_view a, std::string_view b, bool division) {
    if (b == "1") return std::string(a);
    if (!division) return a == "1" ? std::string(b) : std::string(a) + "." + std::string(b);
    if (a == b) return "1";
    return (a == "1" ? std::string() : std::string(a)) + "/" +
           (b.find_first_of("./") == std::string_view::npos ? std::string(b) : "(" + std::string(b) + ")");
}

}  // namespace

bool Evaluator::concatenate(const Step& step, const Collection& left, const Collection& right, Collection& out) {
    std::string text;
    for (const Collection* side : {&left, &right}) {
        if (!one_or_none(step, *side, "&")) return false;
        if (side->empty()) continue;
        const Item value = value_of(side->front());
        if (value.kind() != ItemKind::string) return fail(step, "& takes strings, not " + type_name(value));
        text += value.text();
    }
    if (!spend(text.size() / 64, step)) return false;
    out.push_back(make_text(text));
    return true;
}

bool Evaluator::eval_arithmetic(const Step& step, const Collection& left, const Collection& right, Collection& out) {
    if (!one_or_none(step, left, "arithmetic") || !one_or_none(step, right, "arithmetic")) return false;
    if (left.empty() || right.empty()) return true;
    const Item a = value_of(left.front());
    const Item b = value_of(right.front());
    const Operator op = step.op;
    const bool sum = op == Operator::add || op == Operator::subtract;
    if (op == Operator::add && a.kind() == ItemKind::string && b.kind() == ItemKind::string) {
        const std::string text = std::string(a.text()) + std::string(b.text());
        if (!spend(text.size() / 64, step)) return false;
        out.push_back(make_text(text));
        return true;
    }
    if (sum && a.is_temporal() && b.kind() == ItemKind::quantity)
        return move_moment(step, a, b.quantity(), op == Operator::subtract, out);
    if (sum && a.kind() == ItemKind::quantity && b.kind() == ItemKind::quantity)
        return add_quantities(step, a.quantity(), b.quantity(), op == Operator::subtract, out);
    const bool scalable =
        (a.is_number() || a.kind() == ItemKind::quantity) && (b.is_number() || b.kind() == ItemKind::quantity);
    if ((op == Operator::multiply || op == Operator::divide) && scalable && !(a.is_number() && b.is_number()))
        return scale_quantities(step, a, b, out);
    if (!a.is_number() || !b.is_number())
        return fail(step, "cannot calculate with " + type_name(a) + " and " + type_name(b));
    if (a.kind() == ItemKind::integer && b.kind() == ItemKind::integer && op != Operator::divide) {
        std::int64_t value = 0;
        const std::int64_t x = a.integer();
        const std::int64_t y = b.integer();
        switch (op) {
            case Operator::add:
                value = x + y;
                break;
            case Operator::subtract:
                value = x - y;
                break;
            case Operator::multiply:
                if (__builtin_mul_overflow(x, y, &value)) return true;
                break;
            case Operator::div:
                if (y == 0) return true;
                value = x / y;
                break;
            default:
                if (y == 0) return true;
                value = x % y;
        }
        if (value >= INT32_MIN && value <= INT32_MAX) out.push_back(Item::of(value));  // overflow is empty
        return true;
    }
    const Decimal x = *decimal_of(a);
    const Decimal y = *decimal_of(b);
    std::optional<Decimal> value;
    switch (op) {
        case Operator::add:
            value = add(x, y);
            break;
        case Operator::subtract:
            value = subtract(x, y);
            break;
        case Operator::multiply:
            value = multiply(x, y);
            break;
        case Operator::divide:
            value = divide(x, y);
            break;
        case Operator::div:
            value = divide_whole(x, y);
            break;
        default:
            value = remainder(x, y);
    }
    if (!value) return true;
    if (op == Operator::div) {
        const auto whole = value->to_integer();
        if (whole && *whole >= INT32_MIN && *whole <= INT32_MAX) out.push_back(Item::of(*whole));
        return true;
    }
    out.push_back(make(*value));
    return true;
}

bool Evaluator::add_quantities(const Step&, const Quantity& a, const Quantity& b, bool minus, Collection& out) {
    const auto unit_text = [](const Quantity& quantity) {
        return quantity.calendar ? unit_of_calendar_word(quantity.unit) : quantity.unit;
    };
    std::optional<Decimal> other = b.value;
    if (unit_text(a) != unit_text(b)) {
        const auto from = parse_unit(unit_text(b));
        const auto to = parse_unit(unit_text(a));
        if (!from || !to || from->dimension != to->dimension) return true;
        other = from->to_base(b.value);
        if (other) other = to->from_base(*other);
    }
    const auto value = other ? (minus ? subtract(a.value, *other) : add(a.value, *other)) : std::nullopt;
    if (value) out.push_back(make(Quantity{*value, a.unit, a.calendar}));
    return true;
}

bool Evaluator::scale_quantities(const Step& step, const Item& a, const Item& b, Collection& out) {
    const auto as_quantity = [&](const Item& item) {
        if (item.kind() != ItemKind::quantity) return Quantity{*decimal_of(item), "1", false};
        Quantity quantity = item.quantity();
        if (quantity.calendar) quantity = {quantity.value, unit_of_calendar_word(quantity.unit), false};
        return quantity;
    };
    const Quantity x = as_quantity(a);
    const Quantity y = as_quantity(b);
    const bool division = step.op == Operator::divide;
    const auto value = division ? divide(x.value, y.value) : multiply(x.value, y.value);
    if (value) out.push_back(make(Quantity{*value, keep(product_unit(x.unit, y.unit, division)), false}));
    return true;
}

bool Evaluator::move_moment(const Step& step, const Item& moment, const Quantity& by, bool minus, Collection& out) {
    auto unit = calendar_unit(by);
    if (!unit) return fail(step, "a date or time cannot be moved by this unit");
    const auto whole = by.value.truncated().to_integer();
    if (!whole) return true;
    const bool is_time = moment.kind() == ItemKind::time;
    const Temporal& from = moment.temporal();
    const std::int64_t amount = in_coarser(*unit, minus ? -*whole : *whole, from.precision);
    const auto moved = plus(from, *unit, amount, 0, is_time);
    if (moved) out.push_back(Item::of(moment.kind(), *moved));
    return true;
}

}  // namespace causeway::fhir::path

#include <algorithm>

#include "fhir/path/evaluator.hpp"

namespace causeway::fhir::path {
namespace {

using F = FunctionId;

/// Digits that FHIRPath counts for a precision: a date's year has 4, a date-time with milliseconds 17, a time with
/// them 9.
int digits_of(const Temporal& moment, bool is_time) {
    const int fraction = moment.fraction_digits > 0 ? 3 : 0;
    if (is_time)
        return moment.precision == Precision::hour ? 2 : moment.precision == Precision::minute ? 4 : 6 + fraction;
    switch (moment.precision) {
        case Precision::year:
            return 4;
        case Precision::month:
            return 6;
        case Precision::day:
            return 8;
        case Precision::hour:
            return 10;
        case Precision::minute:
            return 12;
        default:
            return 14 + fraction;
    }
}

bool boundary_of_number(Evaluator& e, const Decimal& value, std::optional<std::int64_t> asked, bool high,
                        const Quantity* quantity, Collection& out) {
    const std::int64_t digits = asked.value_or(8);
    if (digits < 0 || digits > 28) return true;
    const auto edge = high ? add(value, value.half_unit()) : subtract(value, value.half_unit());
    // digits asked for that are fewer than those of the edge round away from the value
    const auto result = edge ? edge->rescaled(static_cast<int>(digits), high) : std::nullopt;
    if (!result) return true;
    if (quantity) {
        out.push_back(e.make(Quantity{*result, quantity->unit, quantity->calendar}));
    } else {
        out.push_back(e.make(*result));
    }
    return true;
}

Temporal fill_time(Temporal moment, bool high) {
    if (moment.precision < Precision::minute) moment.minute = 0;  // FHIR has no hour without minutes: T08 is T08:00
    if (moment.precision < Precision::second) moment.second = high ? 59 : 0;
    if (moment.fraction_digits == 0) moment.microsecond = high ? 999'000 : 0;
    moment.fraction_digits = 3;
    moment.precision = Precision::second;
    return moment;
}

bool boundary_of_moment(const Item& value, std::optional<std::int64_t> asked, bool high, Collection& out) {
    const bool is_time = value.kind() == ItemKind::time;
    Temporal moment = value.temporal();
    const std::int64_t digits = asked.value_or(is_time ? 9 : value.kind() == ItemKind::date ? 8 : 17);
    const Precision had = moment.precision;
    if (!is_time) {
        if (had < Precision::month) moment.month = high ? 12 : 1;
        if (had < Precision::day)
            moment.day = static_cast<std::uint8_t>(high ? days_in_month(moment.year, moment.month) : 1);
        if (had < Precision::hour && high) {
            moment.hour = 23;
            moment.minute = 59;
            moment.precision = Precision::minute;
        }
    }
    moment = fill_time(moment, high);
    const auto cut = [&](Precision precision, ItemKind kind) {
        moment.precision = precision;
        if (precision < Precision::second) moment.fraction_digits = 0;
        out.push_back(Item::of(kind, moment));
        return true;
    };
    if (is_time) {
        switch (digits) {
            case 2:
                return cut(Precision::hour, ItemKind::time);
            case 4:
                return cut(Precision::minute, ItemKind::time);
            case 6:
                moment.fraction_digits = 0;
                return cut(Precision::second, ItemKind::time);
            case 9:
                return cut(Precision::second, ItemKind::time);
            default:
                return true;
        }
    }
    if (digits > 8 && !moment.has_zone) {
        moment.has_zone = true;
        moment.zone_minutes = high ? -12 * 60 : 14 * 60;  // the last and the first place on earth to reach it
    }
    switch (digits) {
        case 4:
            return cut(Precision::year, value.kind());
        case 6:
            return cut(Precision::month, value.kind());
        case 8:
            return cut(Precision::day, value.kind());
        case 10:
            return cut(Precision::hour, ItemKind::date_time);
        case 12:
            return cut(Precision::minute, ItemKind::date_time);
        case 14:
            moment.fraction_digits = 0;
            return cut(Precision::second, ItemKind::date_time);
        case 17:
            return cut(Precision::second, ItemKind::date_time);
        default:
            return true;
    }
}

bool boundary(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    if (input.empty()) return true;
    if (!e.one_or_none(step, input, std::string(step.text) + "()")) return false;
    std::optional<std::int64_t> asked;
    if (step.argument_count == 1) {
        asked = e.integer_argument(step, 0, scope);
        if (!asked) return e.good();
    }
    const Item value = e.value_of(input.front());
    const bool high = step.function == F::high_boundary;
    if (value.is_number()) return boundary_of_number(e, *e.decimal_of(value), asked, high, nullptr, out);
    if (value.kind() == ItemKind::quantity)
        return boundary_of_number(e, value.quantity().value, asked, high, &value.quantity(), out);
    if (value.is_temporal()) return boundary_of_moment(value, asked, high, out);
    return e.fail(step, std::string(step.text) + "() takes a number, a quantity, a date or a time");
}

bool precision(Evaluator& e, const Step& step, const Collection& input, Collection& out) {
    if (input.empty()) return true;
    if (!e.one_or_none(step, input, "precision()")) return false;
    const Item value = e.value_of(input.front());
    if (value.is_number()) {
        out.push_back(Item::of(std::int64_t{e.decimal_of(value)->scale()}));
    } else if (value.is_temporal()) {
        out.push_back(Item::of(std::int64_t{digits_of(value.temporal(), value.kind() == ItemKind::time)}));
    } else {
        return e.fail(step, "precision() takes a number, a date or a time");
    }
    return true;
}

bool part(Evaluator& e, const Step& step, const Collection& input, Collection& out) {
    if (input.empty()) return true;
    if (!e.one_or_none(step, input, std::string(step.text) + "()")) return false;
    const Item value = e.value_of(input.front());
    if (!value.is_temporal())
        return e.fail(step, std::string(step.text) + "() takes a date or a time, not " + type_name(value));
    const Temporal& moment = value.temporal();
    const auto give = [&](Precision needed, std::int64_t number) {
        const bool date_part = needed <= Precision::day;
        if (moment.precision >= needed && !(date_part && value.kind() == ItemKind::time))
            out.push_back(Item::of(number));
        return true;
    };
    switch (step.function) {
        case F::year_of:
            return give(Precision::year, moment.year);
        case F::month_of:
            return give(Precision::month, moment.month);
        case F::day_of:
            return give(Precision::day, moment.day);
        case F::hour_of:
            return give(Precision::hour, moment.hour);
        case F::minute_of:
            return give(Precision::minute, moment.minute);
        case F::second_of:
            return give(Precision::second, moment.second);
        case F::millisecond_of:
            if (moment.fraction_digits > 0) out.push_back(Item::of(std::int64_t{moment.microsecond / 1000}));
            return true;
        case F::timezone_offset_of:
            if (moment.has_zone) out.push_back(e.make(*divide(Decimal(moment.zone_minutes), Decimal(60))));
            return true;
        case F::date_of: {
            Temporal date = moment;
            date.precision = std::min(date.precision, Precision::day);
            date.hour = date.minute = date.second = 0;
            date.microsecond = 0;
            date.has_zone = false;
            date.zone_minutes = 0;
            date.fraction_digits = 0;
            if (value.kind() != ItemKind::time) out.push_back(Item::of(ItemKind::date, date));
            return true;
        }
        default: {  // timeOf
            Temporal time = moment;
            time.year = 1;
            time.month = time.day = 1;
            time.has_zone = false;
            time.zone_minutes = 0;
            if (time.precision > Precision::day) out.push_back(Item::of(ItemKind::time, time));
            return true;
        }
    }
}

}  // namespace

bool Moments::call(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    const Environment& environment = e.environment();
    switch (step.function) {
        case F::now:
            out.push_back(
                Item::of(ItemKind::date_time,
                         Temporal::from_microseconds(environment.now_us, Precision::second, environment.zone_minutes)));
            return true;
        case F::today:
            out.push_back(Item::of(ItemKind::date, Temporal::from_microseconds(environment.now_us, Precision::day,
                                                                               environment.zone_minutes)));
            return true;
        case F::time_of_day: {
            Temporal time =
                Temporal::from_microseconds(environment.now_us, Precision::second, environment.zone_minutes);
            time.year = 1;
            time.month = time.day = 1;
            time.has_zone = false;
            time.zone_minutes = 0;
            out.push_back(Item::of(ItemKind::time, time));
            return true;
        }
        case F::low_boundary:
        case F::high_boundary:
            return boundary(e, step, scope, input, out);
        case F::precision:
            return precision(e, step, input, out);
        default:
            return part(e, step, input, out);
    }
}

}  // namespace causeway::fhir::path

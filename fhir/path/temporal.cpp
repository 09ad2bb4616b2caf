#include "fhir/path/temporal.hpp"

#include <array>
#include <cstdio>

namespace causeway::fhir::path {
namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t minute_us = 60 * second_us;
constexpr std::int64_t hour_us = 60 * minute_us;
constexpr std::int64_t day_us = 24 * hour_us;

/// Reads fields of fixed width.
class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}
    bool end() const { return at_ == text_.size(); }
    char peek() const { return end() ? '\0' : text_[at_]; }
    bool take(char c) {
        if (peek() != c || end()) return false;
        ++at_;
        return true;
    }
    bool number(std::size_t width, unsigned& value) {
        if (text_.size() - at_ < width) return false;
        value = 0;
        for (std::size_t i = 0; i < width; ++i) {
            const char c = text_[at_ + i];
            if (c < '0' || c > '9') return false;
            value = value * 10 + static_cast<unsigned>(c - '0');
        }
        at_ += width;
        return true;
    }
    bool fraction(std::uint32_t& microsecond, std::uint8_t& digits) {
        std::uint32_t unit = 100'000;
        std::size_t count = 0;
        for (; peek() >= '0' && peek() <= '9'; ++at_, ++count) {
            microsecond += static_cast<std::uint32_t>(peek() - '0') * unit;
            unit /= 10;
        }
        digits = static_cast<std::uint8_t>(count > 9 ? 9 : count);
        return count > 0;
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;
};

bool read_date(Reader& in, Temporal& out) {
    unsigned value = 0;
    if (!in.number(4, value) || value == 0) return false;
    out.year = static_cast<std::int16_t>(value);
    out.precision = Precision::year;
    if (in.peek() != '-') return true;
    in.take('-');
    if (!in.number(2, value) || value < 1 || value > 12) return false;
    out.month = static_cast<std::uint8_t>(value);
    out.precision = Precision::month;
    if (in.peek() != '-') return true;
    in.take('-');
    if (!in.number(2, value) || value < 1 || value > days_in_month(out.year, out.month)) return false;
    out.day = static_cast<std::uint8_t>(value);
    out.precision = Precision::day;
    return true;
}

bool read_clock(Reader& in, Temporal& out) {
    unsigned value = 0;
    if (!in.number(2, value) || value > 23) return false;
    out.hour = static_cast<std::uint8_t>(value);
    out.precision = Precision::hour;
    if (!in.take(':')) return true;
    if (!in.number(2, value) || value > 59) return false;
    out.minute = static_cast<std::uint8_t>(value);
    out.precision = Precision::minute;
    if (!in.take(':')) return true;
    if (!in.number(2, value) || value > 60) return false;
    out.second = static_cast<std::uint8_t>(value);
    out.precision = Precision::second;
    return !in.take('.') || in.fraction(out.microsecond, out.fraction_digits);
}

bool read_zone(Reader& in, Temporal& out) {
    if (in.end()) return true;
    out.has_zone = true;
    if (in.take('Z')) return true;
    const bool negative = in.peek() == '-';
    if (!in.take('+') && !in.take('-')) return false;
    unsigned hours = 0;
    unsigned minutes = 0;
    if (!in.number(2, hours) || !in.take(':') || !in.number(2, minutes) || hours > 14 || minutes > 59) return false;
    const int offset = static_cast<int>(hours * 60 + minutes);
    out.zone_minutes = static_cast<std::int16_t>(negative ? -offset : offset);
    return true;
}

std::int64_t clock_us(const Temporal& t) {
    return t.hour * hour_us + t.minute * minute_us + t.second * second_us + t.microsecond;
}

std::int64_t local_us(const Temporal& t) { return days_from_civil(t.year, t.month, t.day) * day_us + clock_us(t); }

/// Year, month and day of a count of days since 1970 (proleptic Gregorian).
void set_date(std::int64_t days, Temporal& out) {
    days += 719'468;
    const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
    const std::int64_t of_era = days - era * 146'097;
    const std::int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
    const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t shifted_month = (5 * of_year + 2) / 153;
    out.day = static_cast<std::uint8_t>(of_year - (153 * shifted_month + 2) / 5 + 1);
    out.month = static_cast<std::uint8_t>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    out.year = static_cast<std::int16_t>(year_of_era + era * 400 + (out.month <= 2 ? 1 : 0));
}

void set_local(std::int64_t us, Temporal& out) {
    std::int64_t days = us / day_us;
    std::int64_t rest = us % day_us;
    if (rest < 0) {
        rest += day_us;
        --days;
    }
    set_date(days, out);
    out.hour = static_cast<std::uint8_t>(rest / hour_us);
    out.minute = static_cast<std::uint8_t>(rest % hour_us / minute_us);
    out.second = static_cast<std::uint8_t>(rest % minute_us / second_us);
    out.microsecond = static_cast<std::uint32_t>(rest % second_us);
}

/// Same instant in UTC; for a zone and hours at least.
Temporal in_utc(const Temporal& moment) {
    Temporal out = moment;
    const Precision precision = moment.precision;
    set_local(local_us(moment) - moment.zone_minutes * minute_us, out);
    out.precision = precision;
    out.zone_minutes = 0;
    return out;
}

std::array<std::int64_t, 6> fields(const Temporal& t) {
    return {t.year, t.month, t.day, t.hour, t.minute, t.second * second_us + t.microsecond};
}

}  // namespace

std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
    year -= month <= 2 ? 1 : 0;
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const std::int64_t of_era = year - era * 400;
    const std::int64_t of_year =
        (153 * (static_cast<std::int64_t>(month) + (month > 2 ? -3 : 9)) + 2) / 5 + static_cast<std::int64_t>(day) - 1;
    return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

unsigned days_in_month(std::int64_t year, unsigned month) {
    static constexpr std::array<unsigned, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29U : days[month - 1];
}

std::optional<Temporal> Temporal::parse_date(std::string_view text) {
    Reader in(text);
    Temporal out;
    if (!read_date(in, out) || !in.end()) return std::nullopt;
    return out;
}

std::optional<Temporal> Temporal::parse_date_time(std::string_view text) {
    Reader in(text);
    Temporal out;
    if (!read_date(in, out)) return std::nullopt;
    if (in.take('T') && !in.end()) {
        if (out.precision != Precision::day || !read_clock(in, out) || !read_zone(in, out)) return std::nullopt;
    }
    if (!in.end()) return std::nullopt;
    return out;
}

std::optional<Temporal> Temporal::parse_time(std::string_view text) {
    Reader in(text);
    Temporal out;
    if (!read_clock(in, out) || !in.end()) return std::nullopt;
    return out;
}

Temporal Temporal::from_microseconds(std::int64_t since_1970, Precision precision, std::int16_t zone_minutes) {
    Temporal out;
    set_local(since_1970 + zone_minutes * minute_us, out);
    out.precision = precision;
    if (precision <= Precision::day) {
        out.hour = out.minute = out.second = 0;
        out.microsecond = 0;
    } else {
        out.has_zone = true;
        out.zone_minutes = zone_minutes;
        out.microsecond -= out.microsecond % 1000;
        out.fraction_digits = 3;
    }
    return out;
}

std::string Temporal::date_text() const {
    char buffer[32];
    const int size = precision == Precision::year ? std::snprintf(buffer, sizeof buffer, "%04d", year)
                     : precision == Precision::month
                         ? std::snprintf(buffer, sizeof buffer, "%04d-%02u", year, unsigned{month})
                         : std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02u", year, unsigned{month}, unsigned{day});
    return {buffer, static_cast<std::size_t>(size)};
}

std::string Temporal::time_text() const {
    char buffer[32];
    int size = std::snprintf(buffer, sizeof buffer, "%02u", unsigned{hour});
    const auto more = [&](const char* format, unsigned value) {
        size += std::snprintf(buffer + size, sizeof buffer - static_cast<std::size_t>(size), format, value);
    };
    if (precision >= Precision::minute) more(":%02u", minute);
    if (precision >= Precision::second) more(":%02u", second);
    std::string text(buffer, static_cast<std::size_t>(size));
    if (fraction_digits > 0) {
        std::snprintf(buffer, sizeof buffer, ".%06u000", microsecond);
        text.append(buffer, fraction_digits + 1U);
    }
    return text;
}

std::string Temporal::date_time_text() const {
    std::string text = date_text();
    if (precision <= Precision::day) return text;
    text += 'T';
    text += time_text();
    if (!has_zone) return text;
    if (zone_minutes == 0) return text + 'Z';
    char buffer[16];
    const unsigned offset = static_cast<unsigned>(zone_minutes < 0 ? -zone_minutes : zone_minutes);
    std::snprintf(buffer, sizeof buffer, "%c%02u:%02u", zone_minutes < 0 ? '-' : '+', offset / 60, offset % 60);
    return text + buffer;
}

Temporal::Range Temporal::range(std::int32_t zone_default_minutes) const {
    const std::int64_t offset = (has_zone ? zone_minutes : zone_default_minutes) * minute_us;
    const std::int64_t low = local_us(*this) - offset;
    switch (precision) {
        case Precision::none:
            return {low, low};
        case Precision::year:
            return {low, days_from_civil(year + 1, 1, 1) * day_us - offset};
        case Precision::month:
            return {low,
                    days_from_civil(month == 12 ? year + 1 : year, month == 12 ? 1U : month + 1U, 1) * day_us - offset};
        case Precision::day:
            return {low, low + day_us};
        case Precision::hour:
            return {low, low + hour_us};
        case Precision::minute:
            return {low, low + minute_us};
        case Precision::second:
            break;
    }
    std::int64_t width = second_us;
    for (int i = 0; i < fraction_digits && width > 1; ++i) width /= 10;
    return {low, low + width};
}

std::optional<std::strong_ordering> compare(const Temporal& a, const Temporal& b, bool is_time) {
    const bool a_clock = a.precision > Precision::day;
    const bool b_clock = b.precision > Precision::day;
    Temporal left = a;
    Temporal right = b;
    if (!is_time && a_clock && b_clock) {
        if (a.has_zone != b.has_zone) return std::nullopt;
        if (a.has_zone) {
            left = in_utc(a);
            right = in_utc(b);
        }
    }
    const auto x = fields(left);
    const auto y = fields(right);
    const auto count = [](Precision precision) { return static_cast<std::size_t>(precision); };
    const std::size_t common = std::min(count(a.precision), count(b.precision));
    for (std::size_t i = is_time ? 3 : 0; i < common; ++i) {
        if (x[i] != y[i]) return x[i] <=> y[i];
    }
    if (a.precision != b.precision) return std::nullopt;
    return std::strong_ordering::equal;
}

bool equivalent(const Temporal& a, const Temporal& b) {
    if (a.precision != b.precision) return false;
    const auto order = compare(a, b, false);
    if (order) return *order == std::strong_ordering::equal;
    return false;
}

std::optional<Temporal> plus(const Temporal& moment, CalendarUnit unit, std::int64_t amount, std::int64_t microseconds,
                             bool is_time) {
    Temporal out = moment;
    if (amount > 400'000'000'000 || amount < -400'000'000'000) return std::nullopt;
    std::int64_t months = unit == CalendarUnit::year ? amount * 12 : amount;
    if (unit == CalendarUnit::year || unit == CalendarUnit::month) {
        if (is_time || months > 200'000 || months < -200'000) return std::nullopt;
        months += static_cast<std::int64_t>(moment.year) * 12 + moment.month - 1;
        if (months < 12 || months >= 120'000) return std::nullopt;
        out.year = static_cast<std::int16_t>(months / 12);
        out.month = static_cast<std::uint8_t>(months % 12 + 1);
        const unsigned last = days_in_month(out.year, out.month);
        if (out.day > last) out.day = static_cast<std::uint8_t>(last);
        return out;
    }
    const std::int64_t width = unit == CalendarUnit::week     ? 7 * day_us
                               : unit == CalendarUnit::day    ? day_us
                               : unit == CalendarUnit::hour   ? hour_us
                               : unit == CalendarUnit::minute ? minute_us
                               : unit == CalendarUnit::second ? second_us
                                                              : 1000;
    std::int64_t delta = 0;
    if (__builtin_mul_overflow(width, amount, &delta) || __builtin_add_overflow(delta, microseconds, &delta))
        return std::nullopt;
    if (is_time) {
        std::int64_t clock = (clock_us(moment) + delta % day_us) % day_us;
        if (clock < 0) clock += day_us;
        set_local(clock, out);
        out.year = 1;
        out.month = out.day = 1;
    } else {
        std::int64_t sum = 0;
        if (__builtin_add_overflow(local_us(moment), delta, &sum)) return std::nullopt;
        if (sum < days_from_civil(1, 1, 1) * day_us || sum >= days_from_civil(10'000, 1, 1) * day_us)
            return std::nullopt;
        set_local(sum, out);
    }
    if (out.fraction_digits == 0 && out.microsecond != 0) out.fraction_digits = 3;
    return out;
}

}  // namespace causeway::fhir::path

#include "fhir/model/date_time.hpp"

namespace causeway::fhir {

namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t minute_us = 60 * second_us;
constexpr std::int64_t day_us = 24 * 60 * minute_us;

/// Reads fixed-width digits and separators from the front.
class Cursor {
public:
    explicit Cursor(std::string_view text) noexcept : text_(text) {}
    bool done() const noexcept { return at_ == text_.size(); }
    bool take(char c) noexcept {
        if (done() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    /// Exactly `count` digits, or -1.
    int digits(std::size_t count) noexcept {
        if (at_ + count > text_.size()) return -1;
        int value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const char c = text_[at_ + i];
            if (c < '0' || c > '9') return -1;
            value = value * 10 + (c - '0');
        }
        at_ += count;
        return value;
    }
    char peek() const noexcept { return done() ? '\0' : text_[at_]; }

private:
    std::string_view text_;
    std::size_t at_ = 0;
};

/// ".ddd" into the value; false if the point has no digit.
bool read_fraction(Cursor& in, DateTime& out) noexcept {
    std::uint32_t scale = 100'000;
    unsigned count = 0;
    for (int digit = in.digits(1); digit >= 0; digit = in.digits(1)) {
        out.microsecond += static_cast<std::uint32_t>(digit) * scale;
        scale /= 10;
        if (++count > 20) return false;
    }
    out.fraction_digits = static_cast<std::uint8_t>(count);
    out.precision = DatePrecision::fraction;
    return count > 0;
}

/// hh:mm[:ss[.fff]]
bool read_time(Cursor& in, DateTime& out) noexcept {
    const int hour = in.digits(2);
    if (hour < 0 || hour > 23 || !in.take(':')) return false;
    const int minute = in.digits(2);
    if (minute < 0 || minute > 59) return false;
    out.hour = static_cast<std::uint8_t>(hour);
    out.minute = static_cast<std::uint8_t>(minute);
    out.precision = DatePrecision::minute;
    if (!in.take(':')) return true;
    const int second = in.digits(2);
    if (second < 0 || second > 60) return false;
    out.second = static_cast<std::uint8_t>(second);
    out.precision = DatePrecision::second;
    return !in.take('.') || read_fraction(in, out);
}

/// Z or +hh:mm up to 14:00, if there is one.
bool read_zone(Cursor& in, DateTime& out) noexcept {
    if (in.done()) return true;
    out.has_offset = true;
    if (in.take('Z')) return true;
    const bool west = in.peek() == '-';
    if (!in.take('+') && !in.take('-')) return false;
    const int hours = in.digits(2);
    if (hours < 0 || !in.take(':')) return false;
    const int minutes = in.digits(2);
    if (minutes < 0 || minutes > 59 || hours * 60 + minutes > 14 * 60) return false;
    out.offset_minutes = static_cast<std::int16_t>((west ? -1 : 1) * (hours * 60 + minutes));
    return true;
}

/// The length of the unit that the value's precision names; for months and years see range().
std::int64_t unit_us(const DateTime& value) noexcept {
    switch (value.precision) {
        case DatePrecision::minute:
            return minute_us;
        case DatePrecision::second:
            return second_us;
        case DatePrecision::fraction: {
            std::int64_t unit = second_us;
            for (unsigned i = 0; i < value.fraction_digits && unit > 1; ++i) unit /= 10;
            return unit;
        }
        default:
            return day_us;
    }
}

}  // namespace

std::int64_t days_from_civil(std::int32_t year, unsigned month, unsigned day) noexcept {
    const std::int64_t y = month <= 2 ? year - 1 : year;
    const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
    const std::int64_t year_of_era = y - era * 400;
    const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

unsigned days_in_month(std::int32_t year, unsigned month) noexcept {
    constexpr unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29U : days[month - 1];
}

std::optional<DateTime> DateTime::parse(std::string_view text) noexcept {
    Cursor in(text);
    DateTime out;
    const int year = in.digits(4);
    if (year < 1) return std::nullopt;
    out.year = year;
    if (in.done()) return out;
    if (!in.take('-')) return std::nullopt;
    const int month = in.digits(2);
    if (month < 1 || month > 12) return std::nullopt;
    out.month = static_cast<std::uint8_t>(month);
    out.precision = DatePrecision::month;
    if (in.done()) return out;
    if (!in.take('-')) return std::nullopt;
    const int day = in.digits(2);
    if (day < 1 || static_cast<unsigned>(day) > days_in_month(year, out.month)) return std::nullopt;
    out.day = static_cast<std::uint8_t>(day);
    out.precision = DatePrecision::day;
    if (in.done()) return out;
    if (!in.take('T') || !read_time(in, out) || !read_zone(in, out) || !in.done()) return std::nullopt;
    return out;
}

TimeRange DateTime::range(std::int16_t default_offset_minutes) const noexcept {
    const std::int64_t shift = (has_offset ? offset_minutes : default_offset_minutes) * minute_us;
    const std::int64_t first = days_from_civil(year, month, day) * day_us - shift;
    if (precision == DatePrecision::year) return {first, days_from_civil(year + 1, 1, 1) * day_us - shift};
    if (precision == DatePrecision::month) return {first, first + days_in_month(year, month) * day_us};
    const std::int64_t low = first + (hour * 60 + minute) * minute_us + second * second_us + microsecond;
    return {low, low + unit_us(*this)};
}

bool is_fhir_date(std::string_view text) noexcept { return text.size() <= 10 && DateTime::parse(text).has_value(); }

bool is_fhir_date_time(std::string_view text) noexcept {
    const auto value = DateTime::parse(text);
    return value && (!value->has_time() || (value->precision >= DatePrecision::second && value->has_offset));
}

bool is_fhir_instant(std::string_view text) noexcept {
    const auto value = DateTime::parse(text);
    return value && value->precision >= DatePrecision::second && value->has_offset;
}

bool is_fhir_time(std::string_view text) noexcept {
    Cursor in(text);
    DateTime out;
    return read_time(in, out) && out.precision >= DatePrecision::second && in.done();
}

}  // namespace causeway::fhir

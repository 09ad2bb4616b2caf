#include "hl7v2/validate/datatype.hpp"

#include <algorithm>

namespace causeway::hl7v2 {

namespace {

constexpr bool digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool digits(std::string_view text) noexcept { return !text.empty() && std::ranges::all_of(text, digit); }

/// Reads `size` digits from the front; -1 if they are not there.
int take(std::string_view& text, std::size_t size) noexcept {
    if (text.size() < size || !digits(text.substr(0, size))) return -1;
    int value = 0;
    for (const char c : text.substr(0, size)) value = value * 10 + (c - '0');
    text.remove_prefix(size);
    return value;
}

constexpr bool leap(int year) noexcept { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int days_of(int year, int month) noexcept {
    constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && leap(year) ? 29 : days[month - 1];
}

/// `+0100`; what stands before is left in `text`. `-05` is read too, but only behind a time of day (or 1970-01 would be
/// a year with its offset).
bool take_zone(std::string_view& text, bool& zone, std::size_t clock_at) noexcept {
    const std::size_t sign = text.find_first_of("+-");
    if (sign == std::string_view::npos) return true;
    std::string_view offset = text.substr(sign + 1);
    if (offset.size() == 2 && sign <= clock_at) return false;
    const int hours = take(offset, 2);
    const int minutes = offset.empty() ? 0 : take(offset, 2);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59 || !offset.empty()) return false;
    text = text.substr(0, sign);
    zone = true;
    return true;
}

/// HH[MM[SS[.S{1,4}]]]; the precision that is stated, none if it is no time of day.
TimePrecision clock_precision(std::string_view text) noexcept {
    const int hour = take(text, 2);
    if (hour < 0 || hour > 23) return TimePrecision::none;
    if (text.empty()) return TimePrecision::hour;
    const int minute = take(text, 2);
    if (minute < 0 || minute > 59) return TimePrecision::none;
    if (text.empty()) return TimePrecision::minute;
    const int second = take(text, 2);
    if (second < 0 || second > 60) return TimePrecision::none;  // a leap second
    if (text.empty()) return TimePrecision::second;
    if (text.front() != '.' || text.size() > 5 || !digits(text.substr(1))) return TimePrecision::none;
    return TimePrecision::fraction;
}

bool is_number(std::string_view text) noexcept {
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
    const std::size_t point = text.find('.');
    if (point == std::string_view::npos) return digits(text);
    const std::string_view whole = text.substr(0, point), fraction = text.substr(point + 1);
    if (whole.empty() && fraction.empty()) return false;
    return (whole.empty() || digits(whole)) && (fraction.empty() || digits(fraction));
}

std::string_view trimmed(std::string_view text) noexcept {
    const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
    return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

}  // namespace

TimeShape time_shape(std::string_view text) noexcept {
    TimeShape shape;
    if (!take_zone(text, shape.zone, 8)) return {};
    const int year = take(text, 4);
    if (year < 0) return {};
    shape.precision = TimePrecision::year;
    if (text.empty()) return shape;
    const int month = take(text, 2);
    if (month < 1 || month > 12) return {};
    shape.precision = TimePrecision::month;
    if (text.empty()) return shape;
    const int day = take(text, 2);
    if (day < 1 || day > days_of(year, month)) return {};
    shape.precision = TimePrecision::day;
    if (text.empty()) return shape;
    shape.precision = clock_precision(text);
    return shape.precision == TimePrecision::none ? TimeShape{} : shape;
}

std::string_view datatype_fault(std::string_view datatype, std::string_view text) noexcept {
    if (!text.empty() && text.find_first_not_of(" ") == std::string_view::npos) return "";  // padding, not a value
    if (datatype == "NM") return is_number(trimmed(text)) ? "" : "is no number (NM)";
    if (datatype == "SI") return digits(text) ? "" : "is no sequence number (SI)";
    if (datatype == "DT") {
        const TimeShape shape = time_shape(text);
        const bool date =
            shape.precision != TimePrecision::none && shape.precision <= TimePrecision::day && !shape.zone;
        return date ? "" : "is no date YYYY[MM[DD]] (DT)";
    }
    if (datatype == "TM") {
        bool zone = false;
        const bool good = take_zone(text, zone, 0) && clock_precision(text) != TimePrecision::none;
        return good ? "" : "is no time HH[MM[SS[.SSSS]]][+/-ZZZZ] (TM)";
    }
    if (datatype == "DTM" || datatype == "TS") {
        return time_shape(text).precision != TimePrecision::none ? ""
                                                                 : "is no time YYYY[MM[DD[HH[MM[SS]]]]][+/-ZZZZ] (DTM)";
    }
    return "";
}

bool is_oid(std::string_view text) noexcept {
    if (text.empty() || (text.front() != '0' && text.front() != '1' && text.front() != '2')) return false;
    std::size_t arcs = 0;
    while (true) {
        const std::size_t dot = std::min(text.find('.'), text.size());
        const std::string_view arc = text.substr(0, dot);
        if (!digits(arc) || (arc.size() > 1 && arc.front() == '0')) return false;
        ++arcs;
        if (dot == text.size()) return arcs > 1;
        text.remove_prefix(dot + 1);
    }
}

std::size_t character_count(std::string_view utf8) noexcept {
    return static_cast<std::size_t>(
        std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

}  // namespace causeway::hl7v2

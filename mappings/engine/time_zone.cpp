#include "mappings/engine/time_zone.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "mappings/data.hpp"

namespace causeway::mappings {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Reads an unsigned number from the front of `text`; false if there is none or it is absurd.
bool take_number(std::string_view& text, int& value) noexcept {
    if (text.empty() || !is_digit(text.front())) return false;
    value = 0;
    while (!text.empty() && is_digit(text.front())) {
        value = value * 10 + (text.front() - '0');
        if (value > 100000) return false;
        text.remove_prefix(1);
    }
    return true;
}

bool take(std::string_view& text, char c) noexcept {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

/// [+-]hh[:mm[:ss]] in seconds.
bool take_clock(std::string_view& text, int& seconds) noexcept {
    const bool negative = take(text, '-');
    if (!negative) take(text, '+');
    int hours = 0, minutes = 0, rest = 0;
    if (!take_number(text, hours)) return false;
    if (take(text, ':') && !take_number(text, minutes)) return false;
    if (take(text, ':') && !take_number(text, rest)) return false;
    seconds = hours * 3600 + minutes * 60 + rest;
    if (negative) seconds = -seconds;
    return true;
}

bool take_zone_name(std::string_view& text) noexcept {
    if (take(text, '<')) {
        const auto end = text.find('>');
        if (end == std::string_view::npos) return false;
        text.remove_prefix(end + 1);
        return true;
    }
    std::size_t letters = 0;
    while (letters < text.size() && ((text[letters] | 32) >= 'a' && (text[letters] | 32) <= 'z')) ++letters;
    text.remove_prefix(letters);
    return letters >= 3;
}

/// `-0600`, `+05:30`, `Z`.
std::optional<int> fixed_offset(std::string_view text) noexcept {
    if (text == "Z") return 0;
    if (text.size() < 5 || (text.front() != '+' && text.front() != '-')) return std::nullopt;
    const bool negative = text.front() == '-';
    text.remove_prefix(1);
    const bool colon = text.size() == 5 && text[2] == ':';
    if (text.size() != 4 && !colon) return std::nullopt;
    const std::string_view minutes = text.substr(colon ? 3 : 2);
    for (const char c : {text[0], text[1], minutes[0], minutes[1]})
        if (!is_digit(c)) return std::nullopt;
    const int seconds =
        ((text[0] - '0') * 10 + (text[1] - '0')) * 3600 + ((minutes[0] - '0') * 10 + (minutes[1] - '0')) * 60;
    return negative ? -seconds : seconds;
}

const std::unordered_map<std::string_view, std::string_view>& zones() {
    static const auto map = [] {
        std::unordered_map<std::string_view, std::string_view> zones;
        std::string_view text = zones_text();
        while (!text.empty()) {
            const auto end = std::min(text.find('\n'), text.size());
            const std::string_view line = text.substr(0, end);
            text.remove_prefix(std::min(end + 1, text.size()));
            const auto tab = line.find('\t');
            if (tab != std::string_view::npos && line.front() != '#')
                zones.emplace(line.substr(0, tab), line.substr(tab + 1));
        }
        return zones;
    }();
    return map;
}

bool is_leap(int year) noexcept { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

}  // namespace

std::int64_t days_from_civil(int year, int month, int day) noexcept {
    const int y = month <= 2 ? year - 1 : year;
    const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
    const auto of_era = static_cast<std::int64_t>(y) - era * 400;
    const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int days_in_month(int year, int month) noexcept {
    if (month == 2) return is_leap(year) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

std::int64_t TimeZone::Change::in_year(int year) const noexcept {
    std::int64_t date = 0;
    if (month == 0) {
        date = days_from_civil(year, 1, 1) + day;
        if (!count_leap_day && is_leap(year) && day >= 59) ++date;
    } else {
        const std::int64_t first = days_from_civil(year, month, 1);
        const int first_weekday = static_cast<int>((first + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
        int of_month = (weekday - first_weekday + 7) % 7 + (week - 1) * 7;
        if (of_month >= days_in_month(year, month)) of_month -= 7;
        date = first + of_month;
    }
    return date * 86400 + second;
}

std::optional<TimeZone> TimeZone::parse_rule(std::string_view rule) {
    TimeZone zone;
    int west = 0;
    if (!take_zone_name(rule) || !take_clock(rule, west)) return std::nullopt;
    zone.standard_ = -west;
    if (rule.empty()) return zone;
    if (!take_zone_name(rule)) return std::nullopt;
    zone.has_summer_ = true;
    zone.summer_ = zone.standard_ + 3600;
    if (!rule.empty() && rule.front() != ',') {
        if (!take_clock(rule, west)) return std::nullopt;
        zone.summer_ = -west;
    }
    for (Change* change : {&zone.begin_, &zone.end_}) {
        if (!take(rule, ',')) return std::nullopt;
        if (take(rule, 'M')) {
            if (!take_number(rule, change->month) || !take(rule, '.') || !take_number(rule, change->week) ||
                !take(rule, '.') || !take_number(rule, change->weekday) || change->month < 1 || change->month > 12 ||
                change->week < 1 || change->week > 5 || change->weekday > 6)
                return std::nullopt;
        } else {
            change->count_leap_day = !take(rule, 'J');
            if (!take_number(rule, change->day) || change->day > 366) return std::nullopt;
            if (!change->count_leap_day) --change->day;
        }
        if (take(rule, '/') && !take_clock(rule, change->second)) return std::nullopt;
    }
    if (!rule.empty()) return std::nullopt;
    return zone;
}

std::optional<TimeZone> TimeZone::find(std::string_view name) {
    if (const auto seconds = fixed_offset(name)) {
        TimeZone zone;
        zone.standard_ = *seconds;
        return zone;
    }
    const auto at = zones().find(name);
    return parse_rule(at == zones().end() ? name : at->second);
}

TimeZone::Offset TimeZone::offset_at(const LocalTime& time) const noexcept {
    if (!has_summer_) return {standard_ / 60, false};
    const std::int64_t now =
        days_from_civil(time.year, time.month, time.day) * 86400 + time.hour * 3600 + time.minute * 60 + time.second;
    const std::int64_t save = summer_ - standard_;
    const std::int64_t begin = begin_.in_year(time.year), end = end_.in_year(time.year);
    // Both changes in wall-clock time: `begin` as the clock shows before it moves, `end` likewise.
    const std::int64_t skip_from = save >= 0 ? begin : end, skip_to = skip_from + (save >= 0 ? save : -save);
    const std::int64_t twice_to = save >= 0 ? end : begin, twice_from = twice_to - (save >= 0 ? save : -save);
    const std::int64_t advanced_from = skip_to, advanced_to = twice_to;
    const bool advanced = advanced_from <= advanced_to ? now >= advanced_from && now < advanced_to
                                                       : now >= advanced_from || now < advanced_to;
    const bool doubtful = (now >= skip_from && now < skip_to) || (now >= twice_from && now < twice_to);
    const bool summer = advanced == (save >= 0);
    return {(summer ? summer_ : standard_) / 60, doubtful};
}

}  // namespace causeway::mappings

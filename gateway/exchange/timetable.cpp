#include "gateway/exchange/timetable.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace causeway::exchange {
namespace {

constexpr std::array<std::string_view, 7> names = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::int64_t minute_us = 60'000'000;
constexpr std::int64_t day_minutes = 24 * 60;

std::optional<unsigned> day_of(std::string_view text) {
    for (unsigned i = 0; i < names.size(); ++i)
        if (names[i] == text) return i;
    return std::nullopt;
}

/// "Mon-Fri,Sun"
std::optional<std::uint8_t> days_of(std::string_view text) {
    unsigned days = 0;
    while (true) {
        const auto end = std::min(text.find(','), text.size());
        const auto part = text.substr(0, end);
        const auto dash = part.find('-');
        const auto from = day_of(part.substr(0, dash));
        const auto to = dash == std::string_view::npos ? from : day_of(part.substr(dash + 1));
        if (!from || !to) return std::nullopt;
        for (unsigned day = *from;; day = (day + 1) % 7) {
            days |= 1u << day;
            if (day == *to) break;
        }
        if (end == text.size()) return static_cast<std::uint8_t>(days);
        text.remove_prefix(end + 1);
    }
}

/// "08:30"; 24:00 is the end of a day.
std::optional<std::uint16_t> minute_of(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    unsigned hour = 0, minute = 0;
    const auto* const bytes = text.data();
    if (std::from_chars(bytes, bytes + 2, hour).ptr != bytes + 2) return std::nullopt;
    if (std::from_chars(bytes + 3, bytes + 5, minute).ptr != bytes + 5) return std::nullopt;
    if (minute > 59 || hour * 60 + minute > day_minutes) return std::nullopt;
    return static_cast<std::uint16_t>(hour * 60 + minute);
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept { return a / b - (a % b < 0 ? 1 : 0); }

/// Year, month and day of a day since 1970, by the civil calendar's 400-year cycle.
mappings::LocalTime local_of(std::int64_t minutes) noexcept {
    const auto days = floor_div(minutes, day_minutes);
    const auto of_day = static_cast<int>(minutes - days * day_minutes);
    const auto z = days + 719'468;
    const auto era = floor_div(z, 146'097);
    const auto doe = z - era * 146'097;
    const auto yoe = (doe - doe / 1'460 + doe / 36'524 - doe / 146'096) / 365;
    const auto doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const auto mp = (5 * doy + 2) / 153;
    mappings::LocalTime time;
    time.day = static_cast<int>(doy - (153 * mp + 2) / 5 + 1);
    time.month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
    time.year = static_cast<int>(yoe + era * 400 + (time.month <= 2 ? 1 : 0));
    time.hour = of_day / 60;
    time.minute = of_day % 60;
    return time;
}

/// Minutes of wall-clock time since 1970 at an instant. The zone answers by wall-clock time: asked twice, the second
/// time with the first answer.
std::int64_t wall_minutes(const mappings::TimeZone& zone, std::int64_t at_us) noexcept {
    const auto utc = floor_div(at_us, minute_us);
    const auto guess = utc + zone.offset_at(local_of(utc)).minutes;
    return utc + zone.offset_at(local_of(guess)).minutes;
}

bool covers(const Window& window, std::int64_t wall) noexcept {
    const auto day = floor_div(wall, day_minutes);
    const auto minute = wall - day * day_minutes;
    const auto weekday = static_cast<unsigned>(((day + 3) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
    const auto on = [&](unsigned which) { return (window.days >> which & 1u) != 0; };
    if (window.from_minute < window.to_minute)
        return on(weekday) && minute >= window.from_minute && minute < window.to_minute;
    return (on(weekday) && minute >= window.from_minute) || (on((weekday + 6) % 7) && minute < window.to_minute);
}

}  // namespace

std::optional<Window> Window::parse(std::string_view text) {
    Window window;
    if (const auto space = text.find(' '); space != std::string_view::npos) {
        const auto days = days_of(text.substr(0, space));
        if (!days) return std::nullopt;
        window.days = *days;
        text.remove_prefix(space + 1);
    }
    if (text.size() != 11 || text[5] != '-') return std::nullopt;
    const auto from = minute_of(text.substr(0, 5));
    const auto to = minute_of(text.substr(6));
    if (!from || !to || *from == *to || *from == day_minutes) return std::nullopt;
    window.from_minute = *from;
    window.to_minute = *to;
    return window;
}

Timetable::Timetable(std::vector<Window> windows, std::string_view time_zone, std::uint32_t per_minute)
    : windows_(std::move(windows)), per_us_(per_minute / static_cast<double>(minute_us)) {
    if (const auto zone = mappings::TimeZone::find(time_zone)) zone_ = *zone;
    // A burst of a sixth of a minute's messages, at least one.
    capacity_ = tokens_ = std::max(1.0, per_minute / 6.0);
}

std::int64_t Timetable::open_us(std::int64_t now_us) const noexcept {
    if (windows_.empty()) return now_us;
    const auto open = [&](std::int64_t at_us) {
        const auto wall = wall_minutes(zone_, at_us);
        return std::any_of(windows_.begin(), windows_.end(), [&](const Window& each) { return covers(each, wall); });
    };
    if (open(now_us)) return now_us;
    // The next full minute at which one opens; eight days see every weekday twice over a change of the clocks.
    auto at_us = (floor_div(now_us, minute_us) + 1) * minute_us;
    const auto last_us = at_us + 8 * day_minutes * minute_us;
    while (at_us < last_us && !open(at_us)) at_us += minute_us;
    return at_us;
}

std::int64_t Timetable::allowed_us(std::int64_t now_us) const noexcept {
    auto at_us = now_us;
    if (per_us_ > 0 && filled_us_ != 0) {
        const auto have = std::min(capacity_, tokens_ + static_cast<double>(now_us - filled_us_) * per_us_);
        if (have < 1) at_us = now_us + static_cast<std::int64_t>(std::ceil((1 - have) / per_us_));
    }
    return open_us(at_us);
}

void Timetable::took(std::int64_t now_us, std::size_t messages) noexcept {
    if (per_us_ <= 0) return;
    if (filled_us_ != 0)
        tokens_ = std::min(capacity_,
                           tokens_ + static_cast<double>(std::max<std::int64_t>(0, now_us - filled_us_)) * per_us_);
    filled_us_ = now_us;
    tokens_ -= static_cast<double>(messages);
}

}  // namespace causeway::exchange

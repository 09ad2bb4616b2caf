#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace causeway::mappings {

/// A wall-clock time without offset.
struct LocalTime {
    int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
};

/// Which offset a wall-clock time has. By the rule the zone follows now (mappings/tables/zones.tsv): times of years in
/// which a zone followed another rule get today's. Pure: no tz database is read.
class TimeZone {
public:
    /// UTC.
    TimeZone() = default;
    /// An IANA name, an offset (`-06:00`, `+0530`, `Z`) or a POSIX rule (`CST6CDT,M3.2.0,M11.1.0`).
    static std::optional<TimeZone> find(std::string_view name);

    struct Offset {
        int minutes = 0;        ///< east of Greenwich
        bool doubtful = false;  ///< the time does not exist or exists twice; the earlier offset was taken
    };
    Offset offset_at(const LocalTime& time) const noexcept;

private:
    struct Change {
        int month = 0, week = 0, weekday = 0;  ///< month 0: `day` is the day of the year from 0
        int day = 0;
        bool count_leap_day = true;
        int second = 2 * 3600;

        std::int64_t in_year(int year) const noexcept;
    };
    static std::optional<TimeZone> parse_rule(std::string_view rule);

    int standard_ = 0, summer_ = 0;  ///< seconds east
    bool has_summer_ = false;
    Change begin_, end_;
};

/// Days since 1970-01-01 of a proleptic Gregorian date.
std::int64_t days_from_civil(int year, int month, int day) noexcept;
int days_in_month(int year, int month) noexcept;

}  // namespace causeway::mappings

#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::fhir::path {

enum class Precision : std::uint8_t { none, year, month, day, hour, minute, second };

/// A date, a date and time, or a time, as precise as it was written. Fields after `precision` are zero (month and day:
/// one).
struct Temporal {
    std::int16_t year = 1;
    std::uint8_t month = 1;
    std::uint8_t day = 1;
    std::uint8_t hour = 0;
    std::uint8_t minute = 0;
    std::uint8_t second = 0;
    Precision precision = Precision::none;
    std::uint32_t microsecond = 0;
    std::int16_t zone_minutes = 0;
    bool has_zone = false;
    std::uint8_t fraction_digits = 0;  ///< as written, for printing; 0 = whole seconds

    /// `2015`, `2015-02`, `2015-02-04` and nothing else. Checks the calendar.
    static std::optional<Temporal> parse_date(std::string_view text);
    /// A date, or one followed by `T`, an hour at least, and perhaps a zone. A `T` may stand last (FHIRPath literals).
    static std::optional<Temporal> parse_date_time(std::string_view text);
    static std::optional<Temporal> parse_time(std::string_view text);
    /// UTC.
    static Temporal from_microseconds(std::int64_t since_1970, Precision precision, std::int16_t zone_minutes = 0);

    std::string date_text() const;
    std::string date_time_text() const;
    std::string time_text() const;

    /// Start and end (exclusive) in microseconds since 1970 UTC; `zone_default_minutes` where none was written.
    struct Range {
        std::int64_t low_us, high_us;
    };
    Range range(std::int32_t zone_default_minutes) const;

    friend bool operator==(const Temporal&, const Temporal&) = default;
};

std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day);
unsigned days_in_month(std::int64_t year, unsigned month);

/// FHIRPath's comparison: nullopt if the precisions (or the presence of a zone) leave it open.
std::optional<std::strong_ordering> compare(const Temporal& a, const Temporal& b, bool is_time = false);
/// FHIRPath's `~`: precision counts too.
bool equivalent(const Temporal& a, const Temporal& b);

enum class CalendarUnit : std::uint8_t { year, month, week, day, hour, minute, second, millisecond };
/// Adds whole calendar units (a fraction of a second in microseconds apart); the last of a month stays the last.
/// nullopt outside of years 1 to 9999.
std::optional<Temporal> plus(const Temporal& moment, CalendarUnit unit, std::int64_t amount, std::int64_t microseconds,
                             bool is_time);

}  // namespace causeway::fhir::path

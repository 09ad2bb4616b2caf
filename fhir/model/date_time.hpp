#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace causeway::fhir {

enum class DatePrecision : std::uint8_t { year, month, day, minute, second, fraction };

/// A half-open range of time, [low, high), in microseconds since 1970-01-01T00:00:00Z.
struct TimeRange {
    std::int64_t low_us;
    std::int64_t high_us;
    friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

/// A FHIR date, dateTime or instant with the precision it was written in. A partial value is a range: 1970-05 is the
/// whole of May, and nothing in it says which day.
struct DateTime {
    std::int32_t year = 1;
    std::uint8_t month = 1;
    std::uint8_t day = 1;
    std::uint8_t hour = 0;
    std::uint8_t minute = 0;
    std::uint8_t second = 0;           ///< 60 in a leap second
    std::uint8_t fraction_digits = 0;  ///< as written; digits beyond the sixth are dropped from `microsecond`
    std::uint32_t microsecond = 0;
    DatePrecision precision = DatePrecision::year;
    bool has_offset = false;
    std::int16_t offset_minutes = 0;  ///< east of UTC

    /// A date (YYYY, YYYY-MM, YYYY-MM-DD) or a dateTime with hours and minutes at least. Checked against the calendar.
    /// Seconds and zone may be missing, as search values allow; is_fhir_date_time() says whether an element may hold
    /// it.
    static std::optional<DateTime> parse(std::string_view text) noexcept;

    bool has_time() const noexcept { return precision >= DatePrecision::minute; }
    /// The zone applies to what has none: dates, and times without offset.
    TimeRange range(std::int16_t default_offset_minutes = 0) const noexcept;
};

/// As R4 allows them in an element: with a time come seconds and zone.
bool is_fhir_date(std::string_view text) noexcept;
bool is_fhir_date_time(std::string_view text) noexcept;
bool is_fhir_instant(std::string_view text) noexcept;
/// hh:mm:ss with an optional fraction, without zone.
bool is_fhir_time(std::string_view text) noexcept;

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
std::int64_t days_from_civil(std::int32_t year, unsigned month, unsigned day) noexcept;
unsigned days_in_month(std::int32_t year, unsigned month) noexcept;

}  // namespace causeway::fhir

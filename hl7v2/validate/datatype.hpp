#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace causeway::hl7v2 {

/// What is wrong with `text` as a value of the primitive type `datatype` (2.5.1 chapter 2.A); empty if nothing is, or
/// the type has no format (ST, TX, FT, ID and the like). The text is a constant: it never shows the value.
std::string_view datatype_fault(std::string_view datatype, std::string_view text) noexcept;

/// How far a date or time is stated.
enum class TimePrecision : std::uint8_t { none, year, month, day, hour, minute, second, fraction };

/// A DT, DTM or TS value taken apart.
struct TimeShape {
    TimePrecision precision = TimePrecision::none;  ///< none: it is no time
    bool zone = false;
};
/// Reads `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`; a day that the calendar does not have is no time. An offset
/// of two digits is read too, behind a time of day.
TimeShape time_shape(std::string_view text) noexcept;

/// An ISO object identifier: `2.16.840.1.113883`.
bool is_oid(std::string_view text) noexcept;

/// Characters, not bytes, of UTF-8 text.
std::size_t character_count(std::string_view utf8) noexcept;

}  // namespace causeway::hl7v2

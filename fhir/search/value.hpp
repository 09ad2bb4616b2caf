#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <variant>

namespace causeway::fhir::search {

/// Dense number of a (resource type, code) pair in this build's tables; see parameters.hpp. 0 is no parameter. A store
/// that outlives the build keeps the pairs, not the numbers.
using ParameterId = std::uint16_t;

enum class ParameterType : std::uint8_t { number, date, string, token, reference, composite, quantity, uri, special };

/// A half-open range [low, high) of microseconds since 1970-01-01T00:00:00Z. An open end is the extreme value.
struct DateRange {
    static constexpr std::int64_t open_low = std::numeric_limits<std::int64_t>::min();
    static constexpr std::int64_t open_high = std::numeric_limits<std::int64_t>::max();
    std::int64_t low_us = open_low;
    std::int64_t high_us = open_high;
    bool operator==(const DateRange&) const = default;
};

/// A closed range; a plain number has low == high. An open end is an infinity. Decimals become the nearest double, so
/// order is kept and equal decimals are equal.
struct NumberRange {
    double low = 0;
    double high = 0;
    bool operator==(const NumberRange&) const = default;
};

/// One coding, identifier, code, boolean, id or contact point. An absent system is empty. A CodeableConcept gives one
/// value per coding, and one with `text` alone if it has text.
struct TokenValue {
    std::string_view system;
    std::string_view code;
    std::string_view text;  ///< display, CodeableConcept.text, Identifier.type.text: for `:text`; as written
};

/// Identifier with its type, for `:of-type`; one per coding of the type.
struct TypedIdentifierValue {
    std::string_view type_system;
    std::string_view type_code;
    std::string_view value;
};

struct StringValue {
    std::string_view normalised;
    std::string_view
        original;  ///< for `:exact`; empty where the value is only a later part ("Quinones" of "Carreno Quinones")
};

struct DateValue {
    DateRange range;
};

struct NumberValue {
    NumberRange range;
};

/// A quantity as written and, if its unit is UCUM, in canonical units. A search with a unit that UCUM knows compares
/// `canonical`; any other search compares `written` with `system`, `code` or `unit`.
struct QuantityValue {
    NumberRange written;
    std::string_view system;
    std::string_view code;
    std::string_view unit;  ///< the text for people
    NumberRange canonical;
    std::string_view canonical_unit;  ///< empty if the unit is not UCUM
};

/// Where a Reference or canonical points. Either `type` and `id` (a relative literal, or an absolute one under the own
/// base), or `url` (absolute, urn:, or canonical without its `|version`). `version` is the `_history` part or the
/// canonical's version. Or `fragment` alone: the id of a contained resource, for chains.
struct ReferenceValue {
    std::string_view type;
    std::string_view id;
    std::string_view url;
    std::string_view version;
    std::string_view fragment{};
};

/// Reference.identifier, for `:identifier`.
struct ReferenceIdentifierValue {
    std::string_view system;
    std::string_view value;
};

struct UriValue {
    std::string_view value;
};

/// WGS84, for `near`.
struct PositionValue {
    double latitude = 0;
    double longitude = 0;
};

/// The element is there with content, but nothing of it can be compared (a Reference with only a display). Counts for
/// `:missing`.
struct PresenceValue {};

struct SearchValue;

/// The parts, in the order of the parameter's components, all from one element.
struct CompositeValue {
    const SearchValue* parts = nullptr;
    std::size_t count = 0;
    std::span<const SearchValue> span() const noexcept;
};

/// One row that a resource puts into the index. The views point into the Document or into the SearchValues that holds
/// it.
struct SearchValue {
    ParameterId parameter = 0;  ///< 0 in the parts of a composite
    std::variant<PresenceValue, TokenValue, TypedIdentifierValue, StringValue, DateValue, NumberValue, QuantityValue,
                 ReferenceValue, ReferenceIdentifierValue, UriValue, PositionValue, CompositeValue>
        value;
};

inline std::span<const SearchValue> CompositeValue::span() const noexcept { return {parts, count}; }

}  // namespace causeway::fhir::search

#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "mappings/engine/plan.hpp"
#include "mappings/engine/time_zone.hpp"

namespace causeway::mappings {

/// How converting one primitive went.
enum class Converted : std::uint8_t {
    good,
    doubtful,   ///< good, but the time zone had to choose (R340)
    imprecise,  ///< an instant needs a time of day (R341): nothing written
    wrong,      ///< the text is not of the type: nothing written
};

/// v2 text (plain) to the text of a FHIR primitive, appended to an empty `out`. Digits, precision and a given offset
/// stay as sent.
Converted to_fhir(std::string_view text, FhirKind kind, const TimeZone& zone, std::string& out);

/// How offsets of times are emitted (setting `offset`).
enum class OffsetPolicy : std::uint8_t { as_received, always, never };

/// The text of a FHIR primitive to v2.
bool to_v2(std::string_view text, FhirKind from, V2Kind kind, OffsetPolicy policy, std::string& out);

bool is_json_number(std::string_view text) noexcept;

}  // namespace causeway::mappings

#pragma once
#include <cstdint>
#include <string>

namespace causeway::exchange {

/// `20260302140207.250+0000`: an MSH-7, in UTC.
std::string v2_time(std::int64_t time_us);

/// `2026-03-02T14:02:07.250000Z`: a FHIR instant.
std::string fhir_instant(std::int64_t time_us);

}  // namespace causeway::exchange

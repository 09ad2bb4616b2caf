#pragma once
#include <cstddef>
#include <cstdint>

namespace causeway::fhir {

/// What a parser takes at most. The defaults hold the largest official example ten times over.
struct Limits {
    std::size_t bytes_max = std::size_t{64} << 20;
    std::uint32_t depth_max = 128;           ///< objects and arrays open at once
    std::uint32_t elements_max = 4'000'000;  ///< 64 bytes each
    std::uint32_t members_max = 256;         ///< different names in one object; no FHIR type has 60
};

}  // namespace causeway::fhir

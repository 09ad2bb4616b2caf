#pragma once
#include <cstddef>
#include <cstdint>

namespace causeway::fhir {

/// What a parser takes at most. The defaults hold the largest official example ten times over.
struct Limits {
    std::size_t bytes_max = std::size_t{64} << 20;
    std::uint32_t depth_max = 128;           ///< objects and arrays open at once
    std::uint32_t elements_max = 4'000'000;  ///< 64 bytes each
    /// A text with more elements than some thousands must have so many bytes for each: `[0,0,0,...` would take thirty
    /// times its size. Lists of codes have 7, other documents of FHIR 20 to 30.
    std::uint32_t bytes_per_element_min = 6;
    std::uint32_t members_max = 256;  ///< different names in one object; no FHIR type has 60

    /// What a text of so many bytes may have.
    std::uint32_t elements_of(std::size_t bytes) const noexcept {
        constexpr std::size_t any = 20'000;
        const std::size_t dense = any + bytes / (bytes_per_element_min > 0 ? bytes_per_element_min : 1);
        return dense < elements_max ? static_cast<std::uint32_t>(dense) : elements_max;
    }
};

}  // namespace causeway::fhir

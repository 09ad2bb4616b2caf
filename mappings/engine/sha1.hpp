#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace causeway::mappings {

/// Which code computes it. `automatic` uses the processor's instructions for SHA-1 where it has them: naming the
/// resources of a message is a tenth of the work of mapping it otherwise.
enum class Sha1Code : std::uint8_t { automatic, portable };

/// SHA-1 (FIPS 180-4) of two texts, one behind the other. Not for secrets: UUIDs of version 5 are defined with it.
std::array<std::uint8_t, 20> sha1(std::string_view first, std::string_view second, Sha1Code code = Sha1Code::automatic);

}  // namespace causeway::mappings

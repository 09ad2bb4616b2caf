#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace causeway::mappings {

/// Which code computes it. `automatic` uses the processor's instructions for SHA-1 where it has them: naming the
/// resources of a message is a tenth of the work of mapping it otherwise.
enum class Sha1Code : std::uint8_t { automatic, portable };

/// What a row of texts had in common so far: the keys of a message's results begin with that of their report.
struct Sha1Row {
    static constexpr std::size_t blocks_max = 4;
    std::array<std::array<std::uint8_t, 64>, blocks_max> blocks;  ///< the first ones of the last text
    std::array<std::array<std::uint32_t, 5>, blocks_max> states;  ///< after each of them
    std::size_t known = 0;                                        ///< how many there are
};

/// SHA-1 (FIPS 180-4) of two texts, one behind the other. Not for secrets: UUIDs of version 5 are defined with it.
/// `row`: of several calls, each of which computes only from where its text differs from the one before.
std::array<std::uint8_t, 20> sha1(std::string_view first, std::string_view second, Sha1Code code = Sha1Code::automatic,
                                  Sha1Row* row = nullptr);

}  // namespace causeway::mappings

#pragma once
#include <cstddef>
#include <cstdint>

namespace causeway::hl7v2::testing {

/// `count` messages from `seed` on, each made by its own seed alone: a failure names the seed that repeats it.
void check_conforming(std::uint64_t seed, std::size_t count);
void check_odd(std::uint64_t seed, std::size_t count);
void check_charsets(std::uint64_t seed, std::size_t count);
void check_fragments(std::uint64_t seed, std::size_t count);

}  // namespace causeway::hl7v2::testing

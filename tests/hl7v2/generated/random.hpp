#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace causeway::hl7v2::testing {

/// The same numbers on every machine for the same seed (splitmix64), which the distributions of <random> do not promise.
class Random {
public:
    explicit Random(std::uint64_t seed) noexcept : state_(seed * 0x9E3779B97F4A7C15U + 1) {}

    std::uint64_t next() noexcept {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31U);
    }
    /// 0 up to but not `end`.
    std::size_t below(std::size_t end) noexcept { return end == 0 ? 0 : static_cast<std::size_t>(next() % end); }
    /// From `low` to `high`, both possible.
    std::size_t between(std::size_t low, std::size_t high) noexcept { return low + below(high - low + 1); }
    bool percent(std::size_t chance) noexcept { return below(100) < chance; }
    template <class Range>
    decltype(auto) one_of(const Range& range) noexcept {
        return range[below(std::size(range))];
    }

private:
    std::uint64_t state_;
};

}  // namespace causeway::hl7v2::testing

#pragma once
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace causeway::mappings {

/// Pairs the items of two lists in order: `first` without `second` was removed, `second` without `first` is new.
struct Aligned {
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    std::size_t first = none, second = none;
};

/// The cheapest pairing. `cost(i, j)` is 0 for items that are equal and below 3 for items that are the same one
/// changed; removing and adding cost 1.5 each. Equal heads and tails cost no search; lists too long to search are
/// paired by number.
std::vector<Aligned> align(std::size_t first_size, std::size_t second_size,
                           const std::function<double(std::size_t, std::size_t)>& cost);

}  // namespace causeway::mappings

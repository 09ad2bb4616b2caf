#pragma once
#include <doctest/doctest.h>

#include <cstdint>
#include <memory>

#include "gateway/ops/clock.hpp"
#include "mappings/engine/mapset.hpp"

/// What the tests of the exchange share.
namespace causeway::exchange::tests {

/// Every look is a millisecond later.
class FakeClock final : public ops::Clock {
public:
    mutable std::int64_t us = 1'772'000'000'000'000;
    std::int64_t now_us() const override { return us += 1'000; }
    std::int64_t steady_us() const override { return us; }
};

/// The shipped maps, loaded once.
inline std::shared_ptr<const mappings::MapSet> maps() {
    static const auto loaded = mappings::MapSet::load(mappings::MapSet::builtin());
    REQUIRE(loaded.maps != nullptr);
    return loaded.maps;
}

}  // namespace causeway::exchange::tests

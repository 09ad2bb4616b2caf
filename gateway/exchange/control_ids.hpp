#pragma once
#include <atomic>
#include <cstdint>
#include <string>

#include "gateway/ops/clock.hpp"

namespace causeway::exchange {

/// Makes control ids (MSH-10): the time in microseconds and a running number, 18 characters. Unique over restarts as
/// long as the clock does not go back further than the gateway was down. Thread-safe.
class ControlIds {
public:
    explicit ControlIds(const ops::Clock& clock) : clock_(clock) {}
    std::string next();

private:
    const ops::Clock& clock_;
    std::atomic<std::uint32_t> count_ = 0;
};

}  // namespace causeway::exchange

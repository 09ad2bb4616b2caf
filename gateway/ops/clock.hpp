#pragma once
#include <cstdint>

namespace causeway::ops {

/// Time as an argument. The steps of the exchange, the store and the tests take one; only main makes the real one.
class Clock {
public:
    virtual ~Clock() = default;
    /// Microseconds since 1970-01-01T00:00:00Z. May go backwards when the machine's clock is set.
    virtual std::int64_t now_us() const = 0;
    /// Microseconds of a clock that never goes backwards; its origin means nothing.
    virtual std::int64_t steady_us() const = 0;
};

class SystemClock final : public Clock {
public:
    std::int64_t now_us() const override;
    std::int64_t steady_us() const override;
};

}  // namespace causeway::ops

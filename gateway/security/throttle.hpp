#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "gateway/ops/clock.hpp"

namespace causeway::security {

/// One token bucket for each client: so many requests at once, so many a second in the long run. Bounded: when too many
/// clients are known those whose buckets are full again are forgotten, which changes nothing for them. Thread-safe.
class Throttle {
public:
    static constexpr std::size_t clients_max = 65'536;

    /// `per_second` 0: only clients with a limit of their own have one.
    Throttle(const ops::Clock& clock, std::int64_t per_second, std::int64_t burst)
        : clock_(clock), per_second_(per_second), burst_(burst) {}

    /// 0: go on. Else so many seconds must pass before it is worth trying again. `own_per_second` is a limit of the
    /// client's own.
    std::int64_t take(const std::string& client, std::int64_t cost = 1, std::int64_t own_per_second = 0);

private:
    struct Bucket {
        double tokens = 0;
        std::int64_t at_us = 0;
        double per_us = 0, full = 0;
    };
    void forget(std::int64_t now_us);

    const ops::Clock& clock_;
    const std::int64_t per_second_, burst_;
    std::mutex mutex_;
    std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace causeway::security

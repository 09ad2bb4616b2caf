#include "gateway/exchange/backoff.hpp"

#include <algorithm>

namespace causeway::exchange {

std::uint64_t backoff_ms(const RetryPolicy& policy, std::uint32_t failures, double random_unit) noexcept {
    const std::uint32_t doublings =
        std::min(failures == 0 ? 0u : failures - 1, 32u);  // first_ms is 32 bits: no overflow in 64
    const std::uint64_t full = std::min<std::uint64_t>(std::uint64_t{policy.first_ms} << doublings, policy.max_ms);
    const double share = 1.0 - policy.jitter * random_unit;
    return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(full) * share));
}

}  // namespace causeway::exchange

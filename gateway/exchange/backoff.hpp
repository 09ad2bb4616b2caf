#pragma once
#include <cstdint>

#include "gateway/exchange/partner.hpp"

namespace causeway::exchange {

/// How long to wait before the attempt after `failures` failed ones (at least 1): first_ms doubled per failure up to
/// max_ms, shortened by `random_unit` (0 up to but not 1) of the jitter share. Never less than 1 ms, never more than
/// max_ms.
std::uint64_t backoff_ms(const RetryPolicy& policy, std::uint32_t failures, double random_unit) noexcept;

}  // namespace causeway::exchange

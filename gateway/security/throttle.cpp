#include "gateway/security/throttle.hpp"

#include <algorithm>
#include <cmath>

namespace causeway::security {

std::int64_t Throttle::take(const std::string& client, std::int64_t cost, std::int64_t own_per_second) {
    const auto per_second = own_per_second > 0 ? own_per_second : per_second_;
    if (per_second == 0) return 0;
    const auto now_us = clock_.steady_us();
    const double full = static_cast<double>(std::max(burst_, per_second));
    const double per_us = static_cast<double>(per_second) / 1e6;
    const std::lock_guard lock(mutex_);
    if (buckets_.size() >= clients_max && !buckets_.contains(client)) forget(now_us);
    auto& bucket = buckets_.try_emplace(client, Bucket{full, now_us, per_us, full}).first->second;
    bucket.tokens = std::min(full, bucket.tokens + static_cast<double>(now_us - bucket.at_us) * per_us);
    bucket.at_us = now_us;
    const double wanted = std::min(static_cast<double>(cost), full);
    if (bucket.tokens >= wanted) {
        bucket.tokens -= wanted;
        return 0;
    }
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil((wanted - bucket.tokens) / per_us / 1e6)));
}

void Throttle::forget(std::int64_t now_us) {
    std::erase_if(buckets_, [&](const auto& each) {
        const Bucket& bucket = each.second;
        return bucket.tokens + static_cast<double>(now_us - bucket.at_us) * bucket.per_us >= bucket.full;
    });
    // All of them are busy: whoever floods with as many names as this is not served better by being remembered.
    if (buckets_.size() >= clients_max) buckets_.clear();
}

}  // namespace causeway::security

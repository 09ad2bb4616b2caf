#include "gateway/ops/clock.hpp"

#include <chrono>

namespace causeway::ops {

using std::chrono::duration_cast;
using std::chrono::microseconds;

std::int64_t SystemClock::now_us() const {
    return duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::int64_t SystemClock::steady_us() const {
    return duration_cast<microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace causeway::ops

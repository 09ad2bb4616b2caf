#include "gateway/exchange/control_ids.hpp"

#include <algorithm>
#include <string_view>

namespace causeway::exchange {

std::string ControlIds::next() {
    constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // no I, L, O, U: people read these out
    std::string id = "CW";
    const auto put = [&](std::uint64_t value, int size) {
        for (int i = size - 1; i >= 0; --i) id += digits[value >> (5 * i) & 31];
    };
    put(static_cast<std::uint64_t>(std::max<std::int64_t>(0, clock_.now_us())), 12);
    put(count_.fetch_add(1, std::memory_order_relaxed), 4);
    return id;
}

}  // namespace causeway::exchange

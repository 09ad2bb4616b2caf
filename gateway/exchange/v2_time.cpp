#include "gateway/exchange/v2_time.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "gateway/storage/resource.hpp"

namespace causeway::exchange {

std::string v2_time(std::int64_t time_us) {
    const std::time_t seconds = time_us / 1'000'000;
    return fmt::format("{:%Y%m%d%H%M%S}.{:03}+0000", fmt::gmtime(seconds), time_us / 1'000 % 1'000);
}

std::string fhir_instant(std::int64_t time_us) {
    std::string text;
    storage::append_instant(time_us, text);
    return text;
}

}  // namespace causeway::exchange

#pragma once
#include "gateway/storage/types.hpp"

#include <array>
#include <cstdint>
#include <mutex>
#include <string>

namespace causeway::storage {

/// Makes UUIDs of version 7 (RFC 9562): milliseconds, then a counter within the millisecond, then random bits.
/// Ascending within one process even if the clock goes back. Thread-safe.
class IdentifierSource {
public:
    std::string next(TimeUs now_us);

private:
    std::mutex mutex_;
    std::uint64_t last_ms_ = 0;
    std::uint32_t counter_ = 0;              ///< 12 bits in rand_a
    std::array<unsigned char, 512> pool_{};  ///< random bytes, fetched in one call for many ids
    std::size_t used_ = 512;
};

/// Random bytes from the operating system; never fails silently (throws FailureException).
void random_bytes(unsigned char* out, std::size_t size);

}  // namespace causeway::storage

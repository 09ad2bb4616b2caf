#include "gateway/storage/identifier.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace causeway::storage {

void random_bytes(unsigned char* out, std::size_t size) {
    while (size > 0) {
        const auto got = ::getrandom(out, std::min<std::size_t>(size, 256), 0);
        if (got < 0) {
            if (errno == EINTR) continue;
            throw FailureException({FailureCode::io, "the operating system gives no random bytes"});
        }
        out += got;
        size -= static_cast<std::size_t>(got);
    }
}

std::string IdentifierSource::next(TimeUs now_us) {
    std::array<unsigned char, 16> uuid{};
    {
        const std::lock_guard lock(mutex_);
        if (used_ + 8 > pool_.size()) {
            random_bytes(pool_.data(), pool_.size());
            used_ = 0;
        }
        std::memcpy(uuid.data() + 8, pool_.data() + used_, 8);
        used_ += 8;
        const auto ms = static_cast<std::uint64_t>(std::max<TimeUs>(now_us, 0)) / 1000;
        if (ms > last_ms_) {
            last_ms_ = ms;
            counter_ = 0;
        } else if (++counter_ > 0xfff) {  // 4,096 in one millisecond: borrow from the next
            ++last_ms_;
            counter_ = 0;
        }
        for (int i = 0; i < 6; ++i)
            uuid[static_cast<std::size_t>(i)] = static_cast<unsigned char>(last_ms_ >> (8 * (5 - i)));
        uuid[6] = static_cast<unsigned char>(0x70 | (counter_ >> 8));
        uuid[7] = static_cast<unsigned char>(counter_);
    }
    uuid[8] = static_cast<unsigned char>(0x80 | (uuid[8] & 0x3f));
    static constexpr char digits[] = "0123456789abcdef";
    std::string text(36, '-');
    std::size_t at = 0;
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) ++at;
        text[at++] = digits[uuid[i] >> 4];
        text[at++] = digits[uuid[i] & 0xf];
    }
    return text;
}

}  // namespace causeway::storage

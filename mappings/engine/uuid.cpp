#include "mappings/engine/uuid.hpp"

#include <array>
#include <bit>
#include <cstdint>

namespace causeway::mappings {
namespace {

/// SHA-1 (FIPS 180-4). Not for secrets: version 5 is defined with it.
class Sha1 {
public:
    void add(std::string_view bytes) {
        for (const char c : bytes) add(static_cast<std::uint8_t>(c));
    }
    std::array<std::uint8_t, 20> finish() {
        const std::uint64_t bits = size_ * 8;
        add(std::uint8_t{0x80});
        while (size_ % 64 != 56) add(std::uint8_t{0});
        for (int shift = 56; shift >= 0; shift -= 8) add(static_cast<std::uint8_t>(bits >> shift));
        std::array<std::uint8_t, 20> out{};
        for (std::size_t i = 0; i < 20; ++i) out[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
        return out;
    }

private:
    void add(std::uint8_t byte) {
        block_[size_++ % 64] = byte;
        if (size_ % 64 == 0) compress();
    }
    void compress() {
        std::array<std::uint32_t, 80> w{};
        for (std::size_t i = 0; i < 16; ++i)
            w[i] = std::uint32_t{block_[4 * i]} << 24 | std::uint32_t{block_[4 * i + 1]} << 16 |
                   std::uint32_t{block_[4 * i + 2]} << 8 | block_[4 * i + 3];
        for (std::size_t i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        auto [a, b, c, d, e] = state_;
        for (std::size_t i = 0; i < 80; ++i) {
            std::uint32_t f = 0, k = 0;
            if (i < 20)
                f = (b & c) | (~b & d), k = 0x5a827999;
            else if (i < 40)
                f = b ^ c ^ d, k = 0x6ed9eba1;
            else if (i < 60)
                f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
            else
                f = b ^ c ^ d, k = 0xca62c1d6;
            const std::uint32_t next = std::rotl(a, 5) + f + e + k + w[i];
            e = d, d = c, c = std::rotl(b, 30), b = a, a = next;
        }
        state_[0] += a, state_[1] += b, state_[2] += c, state_[3] += d, state_[4] += e;
    }

    std::array<std::uint32_t, 5> state_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    std::array<std::uint8_t, 64> block_{};
    std::uint64_t size_ = 0;
};

/// 7f1ad8f5-24c4-4d0b-9f2e-c2a1b0a7c001
constexpr std::array<std::uint8_t, 16> key_namespace = {0x7f, 0x1a, 0xd8, 0xf5, 0x24, 0xc4, 0x4d, 0x0b,
                                                        0x9f, 0x2e, 0xc2, 0xa1, 0xb0, 0xa7, 0xc0, 0x01};

}  // namespace

std::string uuid_of(std::string_view name) {
    Sha1 hash;
    hash.add(std::string_view(reinterpret_cast<const char*>(key_namespace.data()), key_namespace.size()));
    hash.add(name);
    auto bytes = hash.finish();
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x50);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        out += digits[bytes[i] >> 4];
        out += digits[bytes[i] & 15];
    }
    return out;
}

}  // namespace causeway::mappings

#include "mappings/engine/uuid.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace causeway::mappings {
namespace {

/// SHA-1 (FIPS 180-4). Not for secrets: version 5 is defined with it.
class Sha1 {
public:
    void add(std::string_view bytes) {
        size_ += bytes.size();
        while (!bytes.empty()) {
            const std::size_t part = std::min(bytes.size(), block_.size() - used_);
            std::memcpy(block_.data() + used_, bytes.data(), part);
            bytes.remove_prefix(part);
            if ((used_ += part) == block_.size()) compress();
        }
    }
    std::array<std::uint8_t, 20> finish() {
        const std::uint64_t bits = size_ * 8;
        block_[used_++] = 0x80;
        if (used_ > 56) {
            std::fill(block_.begin() + static_cast<std::ptrdiff_t>(used_), block_.end(), std::uint8_t{0});
            compress();
        }
        std::fill(block_.begin() + static_cast<std::ptrdiff_t>(used_), block_.end(), std::uint8_t{0});
        for (std::size_t i = 0; i < 8; ++i) block_[56 + i] = static_cast<std::uint8_t>(bits >> (56 - 8 * i));
        compress();
        std::array<std::uint8_t, 20> out{};
        for (std::size_t i = 0; i < 20; ++i) out[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
        return out;
    }

private:
    using Word = std::uint32_t;

    void compress() {
        used_ = 0;
        std::array<Word, 80> w;
        for (std::size_t i = 0; i < 16; ++i)
            w[i] = Word{block_[4 * i]} << 24 | Word{block_[4 * i + 1]} << 16 | Word{block_[4 * i + 2]} << 8 |
                   block_[4 * i + 3];
        for (std::size_t i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        auto [a, b, c, d, e] = state_;
        const auto choose = [](Word x, Word y, Word z) { return z ^ (x & (y ^ z)); };
        const auto parity = [](Word x, Word y, Word z) { return x ^ y ^ z; };
        const auto majority = [](Word x, Word y, Word z) { return (x & y) | (z & (x | y)); };
        // Five rounds at a time, the roles of the five words turning instead of the words.
        const auto rounds = [&](std::size_t first, const auto& mix, Word k) {
            for (std::size_t i = first; i < first + 20; i += 5) {
                e += std::rotl(a, 5) + mix(b, c, d) + k + w[i], b = std::rotl(b, 30);
                d += std::rotl(e, 5) + mix(a, b, c) + k + w[i + 1], a = std::rotl(a, 30);
                c += std::rotl(d, 5) + mix(e, a, b) + k + w[i + 2], e = std::rotl(e, 30);
                b += std::rotl(c, 5) + mix(d, e, a) + k + w[i + 3], d = std::rotl(d, 30);
                a += std::rotl(b, 5) + mix(c, d, e) + k + w[i + 4], c = std::rotl(c, 30);
            }
        };
        rounds(0, choose, 0x5a827999);
        rounds(20, parity, 0x6ed9eba1);
        rounds(40, majority, 0x8f1bbcdc);
        rounds(60, parity, 0xca62c1d6);
        state_[0] += a, state_[1] += b, state_[2] += c, state_[3] += d, state_[4] += e;
    }

    std::array<Word, 5> state_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    std::array<std::uint8_t, 64> block_;
    std::size_t used_ = 0;
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
    out.reserve(36);
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        out += digits[bytes[i] >> 4];
        out += digits[bytes[i] & 15];
    }
    return out;
}

}  // namespace causeway::mappings

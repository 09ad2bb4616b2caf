#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace causeway::storage {

/// Key of the hashes in index keys and page tokens: random, made with the store, kept in its `meta` table, so that
/// nobody outside can craft values that collide.
struct HashKey {
    std::uint64_t k0 = 0;
    std::uint64_t k1 = 0;
};

/// SipHash-2-4 (Aumasson, Bernstein 2012), fed in pieces.
class SipHash {
public:
    explicit SipHash(HashKey key) noexcept
        : v0_(key.k0 ^ 0x736f6d6570736575ULL),
          v1_(key.k1 ^ 0x646f72616e646f6dULL),
          v2_(key.k0 ^ 0x6c7967656e657261ULL),
          v3_(key.k1 ^ 0x7465646279746573ULL) {}

    SipHash& add(std::string_view bytes) noexcept {
        total_ += bytes.size();
        for (const char c : bytes) {
            tail_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(c)) << (8 * filled_);
            if (++filled_ == 8) {
                compress(tail_);
                tail_ = 0;
                filled_ = 0;
            }
        }
        return *this;
    }
    /// Fixed width, so that pieces cannot run into each other.
    SipHash& add(std::uint64_t number) noexcept {
        char bytes[8];
        for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(number >> (8 * i));
        return add(std::string_view(bytes, 8));
    }
    std::uint64_t finish() noexcept {
        compress(tail_ | (static_cast<std::uint64_t>(total_) << 56));
        v2_ ^= 0xff;
        for (int i = 0; i < 4; ++i) round();
        return v0_ ^ v1_ ^ v2_ ^ v3_;
    }

private:
    void compress(std::uint64_t m) noexcept {
        v3_ ^= m;
        round();
        round();
        v0_ ^= m;
    }
    void round() noexcept {
        v0_ += v1_;
        v1_ = std::rotl(v1_, 13);
        v1_ ^= v0_;
        v0_ = std::rotl(v0_, 32);
        v2_ += v3_;
        v3_ = std::rotl(v3_, 16);
        v3_ ^= v2_;
        v0_ += v3_;
        v3_ = std::rotl(v3_, 21);
        v3_ ^= v0_;
        v2_ += v1_;
        v1_ = std::rotl(v1_, 17);
        v1_ ^= v2_;
        v2_ = std::rotl(v2_, 32);
    }
    std::uint64_t v0_, v1_, v2_, v3_;
    std::uint64_t tail_ = 0;
    unsigned filled_ = 0;
    std::size_t total_ = 0;
};

inline std::uint64_t siphash(HashKey key, std::string_view bytes) noexcept { return SipHash(key).add(bytes).finish(); }

}  // namespace causeway::storage

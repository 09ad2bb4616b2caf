#include "mappings/engine/sha1.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace causeway::mappings {
namespace {

using Word = std::uint32_t;
using State = std::array<Word, 5>;
using Block = std::array<std::uint8_t, 64>;

void compress_portable(State& state, const Block& block) {
    std::array<Word, 80> w;
    for (std::size_t i = 0; i < 16; ++i)
        w[i] = Word{block[4 * i]} << 24 | Word{block[4 * i + 1]} << 16 | Word{block[4 * i + 2]} << 8 | block[4 * i + 3];
    for (std::size_t i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    auto [a, b, c, d, e] = state;
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
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

#if defined(__x86_64__)

/// The SHA and SSE4.1 extensions, as CPUID tells them.
bool has_instructions() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & (1U << 9U)) == 0 || (c & (1U << 19U)) == 0) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & (1U << 29U)) != 0;
}

struct Rounds {
    __m128i abcd, before;  ///< four of the state's words, now and four rounds ago
};

/// Twenty rounds of one kind; `w` holds the message schedule, four words each.
template <int kind>
__attribute__((target("sha,sse4.1"))) void twenty(Rounds& r, const __m128i* w) {
    for (int i = 0; i < 5; ++i) {
        const __m128i e = _mm_sha1nexte_epu32(r.before, w[i]);
        r.before = r.abcd;
        r.abcd = _mm_sha1rnds4_epu32(r.abcd, e, kind);
    }
}

__attribute__((target("sha,sse4.1"))) void compress_fast(State& state, const Block& block) {
    const __m128i big_endian = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
    __m128i w[20];
    for (std::size_t i = 0; i < 4; ++i)
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block.data() + 16 * i)), big_endian);
    for (std::size_t i = 4; i < 20; ++i)
        w[i] = _mm_sha1msg2_epu32(_mm_xor_si128(_mm_sha1msg1_epu32(w[i - 4], w[i - 3]), w[i - 2]), w[i - 1]);
    const __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(state.data())), 0x1b);
    // What four rounds ago would have been: turned by 30 its first word is e.
    Rounds r{abcd, _mm_set_epi32(static_cast<int>(std::rotr(state[4], 30)), 0, 0, 0)};
    twenty<0>(r, w);
    twenty<1>(r, w + 5);
    twenty<2>(r, w + 10);
    twenty<3>(r, w + 15);
    const __m128i e = _mm_sha1nexte_epu32(r.before, _mm_set_epi32(static_cast<int>(state[4]), 0, 0, 0));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data()), _mm_shuffle_epi32(_mm_add_epi32(r.abcd, abcd), 0x1b));
    state[4] = static_cast<Word>(_mm_extract_epi32(e, 3));
}

#endif

using Compress = void (*)(State&, const Block&);

Compress fastest() {
#if defined(__x86_64__)
    if (has_instructions()) return compress_fast;
#endif
    return compress_portable;
}

class Sha1 {
public:
    Sha1(Compress compress, Sha1Row* row) : compress_(compress), row_(row) {}

    void add(std::string_view bytes) {
        size_ += bytes.size();
        while (!bytes.empty()) {
            const std::size_t part = std::min(bytes.size(), block_.size() - used_);
            std::memcpy(block_.data() + used_, bytes.data(), part);
            bytes.remove_prefix(part);
            if ((used_ += part) == block_.size()) end_block();
        }
    }
    std::array<std::uint8_t, 20> finish() {
        const std::uint64_t bits = size_ * 8;
        block_[used_++] = 0x80;
        if (used_ > 56) {
            fill();
            end_block();
        }
        fill();
        for (std::size_t i = 0; i < 8; ++i) block_[56 + i] = static_cast<std::uint8_t>(bits >> (56 - 8 * i));
        end_block();
        std::array<std::uint8_t, 20> out{};
        for (std::size_t i = 0; i < 20; ++i) out[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
        return out;
    }

private:
    void fill() { std::fill(block_.begin() + static_cast<std::ptrdiff_t>(used_), block_.end(), std::uint8_t{0}); }
    void end_block() {
        used_ = 0;
        if (!row_ || number_ == Sha1Row::blocks_max) return compress_(state_, block_);
        if (number_ < row_->known && row_->blocks[number_] == block_) {
            state_ = row_->states[number_++];
            return;
        }
        compress_(state_, block_);
        row_->blocks[number_] = block_;
        row_->states[number_] = state_;
        row_->known = ++number_;
    }

    Compress compress_;
    Sha1Row* row_;
    std::size_t number_ = 0;  ///< of the block
    State state_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    Block block_;
    std::size_t used_ = 0;
    std::uint64_t size_ = 0;
};

}  // namespace

std::array<std::uint8_t, 20> sha1(std::string_view first, std::string_view second, Sha1Code code, Sha1Row* row) {
    static const Compress chosen = fastest();
    Sha1 hash(code == Sha1Code::portable ? compress_portable : chosen, row);
    hash.add(first);
    hash.add(second);
    return hash.finish();
}

}  // namespace causeway::mappings

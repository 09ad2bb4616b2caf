#pragma once
// Byte scans on which reading stands; used by the library's own sources only.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace causeway::hl7v2::scan {

/// The `n`th (from 1) `wanted` in [at, end), or `end`. Steps over sixteen bytes at a time: a segment has few
/// separators.
inline const char* find_nth(const char* at, const char* end, char wanted, std::size_t n) noexcept {
#if defined(__SSE2__)
    const __m128i pattern = _mm_set1_epi8(wanted);
    for (; end - at >= 16; at += 16) {
        const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        auto hits = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(chunk, pattern)));
        while (hits != 0) {
            if (--n == 0) return at + std::countr_zero(hits);
            hits &= hits - 1;
        }
    }
#endif
    for (; at != end; ++at) {
        if (*at == wanted && --n == 0) return at;
    }
    return end;
}

inline const char* find(const char* at, const char* end, char wanted) noexcept { return find_nth(at, end, wanted, 1); }

/// The first byte below 0x20 except tab, or `end`: the line ends, and what should not be there.
inline const char* find_control(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
    const __m128i last_control = _mm_set1_epi8(0x1f);
    const __m128i tab = _mm_set1_epi8('\t');
    for (; end - at >= 16; at += 16) {
        const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(chunk, last_control), chunk);
        const __m128i hit = _mm_andnot_si128(_mm_cmpeq_epi8(chunk, tab), low);
        const auto hits = static_cast<unsigned>(_mm_movemask_epi8(hit));
        if (hits != 0) return at + std::countr_zero(hits);
    }
#endif
    for (; at != end; ++at) {
        if (static_cast<unsigned char>(*at) < 0x20 && *at != '\t') return at;
    }
    return end;
}

}  // namespace causeway::hl7v2::scan

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the 8-bit kernels with 256-bit vectors share: from 8 sums to stored bytes. The including file defines Q8_TARGET,
 * the attribute of its tier. */
#ifndef MN_KERNELS_X86_Q8_YMM_H
#define MN_KERNELS_X86_Q8_YMM_H

#include <immintrin.h>
#include <string.h>

#include "kernels/x86/q8.h"
#include "kernels/x86/requant.h"

#define Q8_INLINE Q8_TARGET static inline __attribute__((always_inline))
#define Q8_UNROLL _Pragma("GCC unroll 16")

/** Lanes of a vector of sums; the constants of an mn_requant serve two of them. */
enum { Q8_LANES = 8 };

Q8_INLINE __m256i q8_load(const void *p) { return _mm256_loadu_si256(p); }

/* 4 even lanes of 8: the 64-bit product, rounded and shifted. AVX2 shifts 64 bits to the right without their sign:
 * 2^63 goes on before and comes off, shifted too, afterwards. */
Q8_INLINE __m256i q8_requant_half(__m256i sums, __m256i multiplier, __m256i bits, const int64_t *rounding,
                                  const int64_t *negative) {
    const __m256i top = _mm256_set1_epi64x(INT64_MIN);
    __m256i product = _mm256_mul_epi32(sums, multiplier);
    __m256i below = _mm256_cmpgt_epi64(_mm256_setzero_si256(), product);
    __m256i rounded = _mm256_add_epi64(product, q8_load(rounding));
    rounded = _mm256_sub_epi64(rounded, _mm256_and_si256(below, q8_load(negative)));
    return _mm256_sub_epi64(_mm256_srlv_epi64(_mm256_xor_si256(rounded, top), bits), _mm256_srlv_epi64(top, bits));
}

/** 8 sums, those of the first or second half of the constants, to centred results in 64-bit integers, not yet clamped.
 */
Q8_INLINE __m256i q8_requant_exact(__m256i sums, const mn_requant *r, int half) {
    const int first = half * Q8_LANES, quarter = half * Q8_LANES / 2;
    __m256i multiplier = q8_load(r->multiplier + first), bits = q8_load(r->bits + first);
    __m256i even = q8_requant_half(sums, multiplier, _mm256_and_si256(bits, _mm256_set1_epi64x(0xff)),
                                   r->rounding[0] + quarter, r->negative[0] + quarter);
    __m256i odd = q8_requant_half(_mm256_srli_epi64(sums, 32), _mm256_srli_epi64(multiplier, 32),
                                  _mm256_srli_epi64(bits, 32), r->rounding[1] + quarter, r->negative[1] + quarter);
    __m256i both = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
    return _mm256_add_epi32(both, _mm256_set1_epi32(r->zero));
}

/** The same where floats are exact. */
Q8_INLINE __m256i q8_requant_float(__m256i sums, const mn_requant *r, int half) {
    __m256 scale = _mm256_loadu_ps(r->scale + half * Q8_LANES), offset = _mm256_loadu_ps(r->offset + half * Q8_LANES);
    return _mm256_cvtps_epi32(_mm256_fmadd_ps(_mm256_cvtepi32_ps(sums), scale, offset));
}

/** Either, as the constants say. */
Q8_INLINE __m256i q8_requant(__m256i sums, const mn_requant *r, int half) {
    return r->is_float ? q8_requant_float(sums, r, half) : q8_requant_exact(sums, r, half);
}

/** Centred bytes clamped and flipped to stored ones. */
Q8_INLINE __m128i q8_finish(__m128i bytes, mn_range_i32 range, uint8_t flip) {
    bytes = _mm_max_epi8(bytes, _mm_set1_epi8((char)range.min));
    bytes = _mm_min_epi8(bytes, _mm_set1_epi8((char)range.max));
    return _mm_xor_si128(bytes, _mm_set1_epi8((char)flip));
}

/** 16 results, low and high ones, to 16 bytes in order, with saturation. */
Q8_INLINE __m128i q8_narrow(__m256i low, __m256i high) {
    __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
    return _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

/** The first `count` of 16 bytes, count in [1, 16]. */
Q8_INLINE void q8_store_part(void *out, __m128i bytes, int32_t count) {
    if (count == 16) {
        _mm_storeu_si128(out, bytes);
    } else if (count == 8) {
        _mm_storel_epi64(out, bytes);
    } else {
        uint8_t all[16];
        _mm_storeu_si128((__m128i *)(void *)all, bytes);
        memcpy(out, all, (size_t)count);
    }
}

#endif

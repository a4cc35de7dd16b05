/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the 8-bit kernels with 256-bit vectors share: from 8 accumulators to stored bytes. The including file defines
 * Q8_TARGET, the attribute of its tier. */
#ifndef MN_KERNELS_X86_Q8_YMM_H
#define MN_KERNELS_X86_Q8_YMM_H

#include <immintrin.h>
#include <string.h>

#include "kernels/x86/q8.h"
#include "kernels/x86/requant.h"

#define Q8_INLINE Q8_TARGET static inline __attribute__((always_inline))
#define Q8_NOINLINE Q8_TARGET __attribute__((noinline))
#define Q8_UNROLL _Pragma("GCC unroll 16")

/** Lanes of a vector of accumulators; the constants of an mn_requant serve two of them. */
enum { Q8_LANES = 8 };

/** Channels that lie in the lanes of two vectors of accumulators once 16 channels were interleaved (unpack), and from
 * where narrowing (pack) puts them in order again. */
static const int32_t q8_unpacked_order[MN_REQUANT_LANES] = {0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15};

Q8_INLINE __m256i q8_load(const void *p) { return _mm256_loadu_si256(p); }

/** The four bytes at `p`, 8 times. */
Q8_INLINE __m256i q8_four_bytes(const void *p) {
    int32_t word;
    memcpy(&word, p, sizeof word);
    return _mm256_set1_epi32(word);
}

/** Constants of the 64-bit requantisation of 8 channels, which loops keep in registers; parity 0 is that of even lanes.
 * AVX2 shifts 64 bits to the right without their sign: 2^63 is part of the rounding and, shifted, of what is taken off
 * again with the zero point. */
typedef struct q8_exact {
    __m256i multiplier[2], bits[2], rounding[2], negative[2], zero;
} q8_exact;

/** Those of the first or second half of `r`. Where there is a second rounding, of more than 31 bits, a negative product
 * loses 2^31 by it. */
Q8_INLINE q8_exact q8_exact_of(const mn_requant *r, int half) {
    const __m256i top = _mm256_set1_epi64x(INT64_MIN), low = _mm256_set1_epi64x(UINT32_MAX);
    const __m256i first = _mm256_set1_epi64x(INT64_C(1) << 30), shift = _mm256_set1_epi64x(31);
    q8_exact e;
    const __m256i multiplier = q8_load(r->multiplier + half * Q8_LANES), bits = q8_load(r->bits + half * Q8_LANES);
    __m256i shifted[2];
    e.multiplier[0] = multiplier;
    e.multiplier[1] = _mm256_srli_epi64(multiplier, 32);
    e.bits[0] = _mm256_and_si256(bits, low);
    e.bits[1] = _mm256_srli_epi64(bits, 32);
    for (int i = 0; i < 2; i++) {
        const __m256i second = _mm256_sllv_epi64(first, _mm256_sub_epi64(e.bits[i], shift));
        e.rounding[i] = _mm256_add_epi64(_mm256_or_si256(first, second), top);
        e.negative[i] = _mm256_and_si256(_mm256_cmpgt_epi64(e.bits[i], shift), _mm256_set1_epi64x(INT64_C(1) << 31));
        shifted[i] = _mm256_srlv_epi64(top, e.bits[i]);
    }
    const __m256i both = _mm256_blend_epi32(shifted[0], _mm256_slli_epi64(shifted[1], 32), 0xaa);
    e.zero = _mm256_sub_epi32(_mm256_set1_epi32(r->zero), both);
    return e;
}

/* The lanes of one parity, which lie in the lower half of each 64 bits. `negative` is 2^31 or 0, so the sign of the
 * lower half alone selects it; a multiplier of 0 makes it not matter. */
Q8_INLINE __m256i q8_exact_half(__m256i acc, const q8_exact *e, int parity) {
    __m256i lost = _mm256_and_si256(_mm256_srai_epi32(acc, 31), e->negative[parity]);
    __m256i rounding = _mm256_sub_epi64(e->rounding[parity], lost);
    __m256i rounded = _mm256_add_epi64(_mm256_mul_epi32(acc, e->multiplier[parity]), rounding);
    return _mm256_srlv_epi64(rounded, e->bits[parity]);
}

/** 8 accumulators to 8 centred results, not yet clamped. */
Q8_INLINE __m256i q8_requant_exact(__m256i acc, const q8_exact *e) {
    __m256i even = q8_exact_half(acc, e, 0), odd = q8_exact_half(_mm256_srli_epi64(acc, 32), e, 1);
    return _mm256_add_epi32(_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa), e->zero);
}

/** 8 accumulators to 8 centred results in floats. */
Q8_INLINE __m256i q8_rescale(__m256i acc, __m256 scale, __m256 offset) {
    return _mm256_cvtps_epi32(_mm256_fmadd_ps(_mm256_cvtepi32_ps(acc), scale, offset));
}

/** The same of raised ones; `raised` is MN_Q8_RAISED. A subtraction makes exact floats of them, where products leave no
 * port free for a conversion. */
Q8_INLINE __m256i q8_rescale_raised(__m256i acc, __m256 raised, __m256 scale, __m256 offset) {
    const __m256 exact = _mm256_sub_ps(_mm256_castsi256_ps(acc), raised);
    return _mm256_cvtps_epi32(_mm256_fmadd_ps(exact, scale, offset));
}

/** The same with the constants of 8 channels whose floats are exact. */
Q8_INLINE __m256i q8_requant_float(__m256i acc, const mn_requant *r, int half) {
    return q8_rescale(acc, _mm256_loadu_ps(r->scale + half * Q8_LANES), _mm256_loadu_ps(r->offset + half * Q8_LANES));
}

/** Corrects the results of the listed accumulators of 8 channels. */
Q8_INLINE void q8_fix_up(int count, const __m256i *acc, __m256i *values, const mn_requant *r, int half) {
    for (int32_t p = 0; p < r->fixups; p++) {
        const __m256i at = q8_load(r->fixup_at[p] + half * Q8_LANES);
        const __m256i by =
            _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)&r->fixup_by[p][half * Q8_LANES]));
        Q8_UNROLL for (int i = 0; i < count; i++) {
            values[i] = _mm256_add_epi32(values[i], _mm256_and_si256(_mm256_cmpeq_epi32(acc[i], at), by));
        }
    }
}

/** In floats with fixups, where `is_float` or `is_fixed_up` says so: `count` (1 to 4) times 8 accumulators, in place.
 */
Q8_INLINE void q8_requant_floats(int count, __m256i *acc, const mn_requant *r, int half) {
    const __m256 scale = _mm256_loadu_ps(r->scale + half * Q8_LANES);
    const __m256 offset = _mm256_loadu_ps(r->offset + half * Q8_LANES);
    __m256i values[4];
    if (r->is_signed) {
        const __m256 below = _mm256_loadu_ps(r->negative_offset + half * Q8_LANES);
        Q8_UNROLL for (int i = 0; i < count; i++) {
            const __m256 either = _mm256_blendv_ps(offset, below, _mm256_castsi256_ps(acc[i]));
            values[i] = q8_rescale(acc[i], scale, either);
        }
    } else {
        Q8_UNROLL for (int i = 0; i < count; i++) values[i] = q8_rescale(acc[i], scale, offset);
    }
    q8_fix_up(count, acc, values, r, half);
    Q8_UNROLL for (int i = 0; i < count; i++) acc[i] = values[i];
}

/** In whichever way does: `count` (1 to 4) times 8 accumulators, in place. */
Q8_INLINE void q8_requant_some(int count, __m256i *acc, const mn_requant *r, int half) {
    if (r->is_float || r->is_fixed_up) {
        q8_requant_floats(count, acc, r, half);
        return;
    }
    const q8_exact e = q8_exact_of(r, half);
    Q8_UNROLL for (int i = 0; i < count; i++) acc[i] = q8_requant_exact(acc[i], &e);
}

/** 4 x 8 values to 32 bytes, [2 groups of lanes][a, b, c, d][4 lanes]; what is too large or small is clamped. */
Q8_INLINE __m256i q8_narrow_4(const __m256i v[4]) {
    return _mm256_packs_epi16(_mm256_packs_epi32(v[0], v[1]), _mm256_packs_epi32(v[2], v[3]));
}

/** Either, as the constants say. */
Q8_INLINE __m256i q8_requant(__m256i acc, const mn_requant *r, int half) {
    if (r->is_float) return q8_requant_float(acc, r, half);
    const q8_exact e = q8_exact_of(r, half);
    return q8_requant_exact(acc, &e);
}

/** Centred bytes clamped and flipped to stored ones. */
Q8_INLINE __m256i q8_finish(__m256i bytes, mn_range_i32 range, uint8_t flip) {
    bytes = _mm256_max_epi8(bytes, _mm256_set1_epi8((char)range.min));
    bytes = _mm256_min_epi8(bytes, _mm256_set1_epi8((char)range.max));
    return _mm256_xor_si256(bytes, _mm256_set1_epi8((char)flip));
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

/** A tile of accumulators, in pieces of up to four vectors: `rows` of each of `beside` columns. Either several vectors
 * of channels, `halves`, are pieces, or several such columns, `apart`; the other number is 1. */
typedef struct q8_shape {
    int rows, beside, apart, halves;
} q8_shape;

/** Stores [2 rows][16 products] twice as [4 groups][4 rows][4]. */
Q8_INLINE void q8_store_quads(__m256i first, __m256i second, uint8_t *to) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i low = _mm256_unpacklo_epi32(first, second), high = _mm256_unpackhi_epi32(first, second);
    _mm256_storeu_si256((__m256i *)(void *)to, _mm256_permutevar8x32_epi32(low, order));
    _mm256_storeu_si256((__m256i *)(void *)(to + 32), _mm256_permutevar8x32_epi32(high, order));
}

#endif

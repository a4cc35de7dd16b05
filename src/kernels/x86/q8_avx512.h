/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the 8-bit kernels of AVX-512 VNNI share: from 16 accumulators to 16 stored bytes. */
#ifndef MN_KERNELS_X86_Q8_AVX512_H
#define MN_KERNELS_X86_Q8_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#include "kernels/x86/q8.h"
#include "kernels/x86/requant.h"

#define Q8_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define Q8_INLINE Q8_TARGET static inline __attribute__((always_inline))
#define Q8_NOINLINE __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"), noinline))
#define Q8_UNROLL _Pragma("GCC unroll 16")

/** The four bytes at `p`, 16 times. */
Q8_INLINE __m512i mn_q8_four_bytes(const uint8_t *p) {
    int32_t word;
    memcpy(&word, p, sizeof word);
    return _mm512_set1_epi32(word);
}

/** The lanes of the first `left` channels, at most 16. */
Q8_INLINE __mmask16 mn_q8_lanes(int32_t left) { return (__mmask16)(left >= 16 ? 0xffffu : (1u << left) - 1); }

/** The first `left` of 64 bytes. */
Q8_INLINE __mmask64 mn_q8_bytes(size_t left) { return left >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << left) - 1; }

/* VPDPBUSD takes two of the four pipes of current cores; beside it shifts and conversions are free, additions and logic
 * nearly so, and comparisons into masks cost as much as it does. */

/* 8 even lanes of 16: the 64-bit product, rounded and shifted. Where there is a second rounding, of more than 31 bits,
 * a negative product loses 2^31 by it. */
Q8_INLINE __m512i requant_half(__m512i acc, __m512i multiplier, __m512i bits) {
    const __m512i first = _mm512_set1_epi64(INT64_C(1) << 30), more = _mm512_sub_epi64(bits, _mm512_set1_epi64(31));
    const __m512i rounding = _mm512_or_si512(first, _mm512_sllv_epi64(first, more));
    const __m512i product = _mm512_mul_epi32(acc, multiplier);
    const __mmask8 lossy = _mm512_test_epi64_mask(more, more) & _mm512_movepi64_mask(product);
    const __m512i less = _mm512_maskz_set1_epi64(lossy, INT64_C(1) << 31);
    return _mm512_srav_epi64(_mm512_sub_epi64(_mm512_add_epi64(product, rounding), less), bits);
}

/** 16 accumulators to 16 centred results in 64-bit integers, not yet clamped. */
Q8_INLINE __m512i mn_q8_requant_exact(__m512i acc, const mn_requant *r) {
    const __m512i multiplier = _mm512_loadu_si512(r->multiplier), bits = _mm512_loadu_si512(r->bits);
    const __m512i even = requant_half(acc, multiplier, _mm512_and_si512(bits, _mm512_set1_epi64(0xff)));
    const __m512i odd =
        requant_half(_mm512_srli_epi64(acc, 32), _mm512_srli_epi64(multiplier, 32), _mm512_srli_epi64(bits, 32));
    const __m512i both = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
    return _mm512_add_epi32(both, _mm512_set1_epi32(r->zero));
}

/** In floats, where `is_float` says so. */
Q8_INLINE __m512i mn_q8_rescale(__m512i acc, __m512 scale, __m512 offset) {
    return _mm512_cvtps_epi32(_mm512_fmadd_ps(_mm512_cvtepi32_ps(acc), scale, offset));
}

/** Constants of 16 channels that are requantised in floats whatever the sign of an accumulator. */
typedef struct mn_q8_floats {
    __m512 scale, offset;
    int32_t fixups;
    const mn_requant *requant; /* looked at only if there are fixups */
} mn_q8_floats;

/* Corrects the results of the listed accumulators. */
Q8_INLINE void mn_q8_fix_up(int count, const __m512i *acc, __m512i *values, const mn_requant *r, int32_t fixups) {
    for (int32_t p = 0; p < fixups; p++) {
        const __m512i at = _mm512_loadu_si512(r->fixup_at[p]);
        const __m512i by = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)r->fixup_by[p]));
        Q8_UNROLL for (int i = 0; i < count; i++) {
            values[i] = _mm512_mask_add_epi32(values[i], _mm512_cmpeq_epi32_mask(acc[i], at), values[i], by);
        }
    }
}

/** `count` (1 to 4) times 16 accumulators, in place. */
Q8_INLINE void mn_q8_rescale_some(int count, __m512i *acc, const mn_q8_floats *f) {
    __m512i values[4];
    Q8_UNROLL for (int i = 0; i < count; i++) values[i] = mn_q8_rescale(acc[i], f->scale, f->offset);
    if (f->fixups) mn_q8_fix_up(count, acc, values, f->requant, f->fixups);
    Q8_UNROLL for (int i = 0; i < count; i++) acc[i] = values[i];
}

/* `negative` where an accumulator is, else `positive`. */
Q8_INLINE __m512 by_sign(__m512i acc, __m512 negative, __m512 positive) {
    enum { FIRST_SELECTS = 0xca };
    const __m512i sign = _mm512_srai_epi32(acc, 31), no = _mm512_castps_si512(positive);
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(sign, _mm512_castps_si512(negative), no, FIRST_SELECTS));
}

/** In floats with fixups, where `is_float` or `is_fixed_up` says so: `count` (1 to 4) times 16 accumulators. */
Q8_INLINE void mn_q8_requant_floats(int count, const __m512i *acc, const mn_requant *r, __m512i *values) {
    const __m512 scale = _mm512_loadu_ps(r->scale), offset = _mm512_loadu_ps(r->offset);
    if (r->is_signed) {
        const __m512 negative = _mm512_loadu_ps(r->negative_offset);
        Q8_UNROLL for (int i = 0; i < count; i++) {
            values[i] = mn_q8_rescale(acc[i], scale, by_sign(acc[i], negative, offset));
        }
    } else {
        Q8_UNROLL for (int i = 0; i < count; i++) values[i] = mn_q8_rescale(acc[i], scale, offset);
    }
    mn_q8_fix_up(count, acc, values, r, r->fixups);
}

/** In whichever way does: `count` (1 to 4) times 16 accumulators. */
Q8_INLINE void mn_q8_requant_any(int count, const __m512i *acc, const mn_requant *r, __m512i *values) {
    if (r->is_float || r->is_fixed_up) {
        mn_q8_requant_floats(count, acc, r, values);
    } else {
        Q8_UNROLL for (int i = 0; i < count; i++) values[i] = mn_q8_requant_exact(acc[i], r);
    }
}

/** The same in place. */
Q8_INLINE void mn_q8_requant_some(int count, __m512i *acc, const mn_requant *r) {
    __m512i values[4];
    mn_q8_requant_any(count, acc, r, values);
    Q8_UNROLL for (int i = 0; i < count; i++) acc[i] = values[i];
}

Q8_INLINE __m512i mn_q8_requant(__m512i acc, const mn_requant *r) {
    mn_q8_requant_some(1, &acc, r);
    return acc;
}

/** 4 x 16 values to 64 bytes, [4 groups of lanes][a, b, c, d][4 lanes]; what is too large or small is clamped. */
Q8_INLINE __m512i mn_q8_narrow_4(__m512i a, __m512i b, __m512i c, __m512i d) {
    return _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
}

/** Centred bytes clamped and flipped to stored ones: 64 and 16 of them. */
Q8_INLINE __m512i mn_q8_finish_64(__m512i bytes, mn_range_i32 range, uint8_t flip) {
    bytes = _mm512_max_epi8(bytes, _mm512_set1_epi8((char)range.min));
    bytes = _mm512_min_epi8(bytes, _mm512_set1_epi8((char)range.max));
    return _mm512_xor_si512(bytes, _mm512_set1_epi8((char)flip));
}

Q8_INLINE __m128i mn_q8_finish_16(__m128i bytes, mn_range_i32 range, uint8_t flip) {
    bytes = _mm_max_epi8(bytes, _mm_set1_epi8((char)range.min));
    bytes = _mm_min_epi8(bytes, _mm_set1_epi8((char)range.max));
    return _mm_xor_si128(bytes, _mm_set1_epi8((char)flip));
}

/** From the order of mn_q8_narrow_4() to 4 rows of 16 bytes, or back: 4 x 4 groups of four, transposed. */
Q8_INLINE __m512i mn_q8_transpose_4(__m512i bytes) {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm512_permutexvar_epi32(order, bytes);
}

/** Stores the 4 x 16 bytes of mn_q8_narrow_4(), the `lanes` of row r at to + r * stride, for r below `rows`. */
Q8_INLINE void mn_q8_store_4(__m512i bytes, int32_t rows, __mmask16 lanes, uint8_t *to, ptrdiff_t stride) {
    bytes = mn_q8_transpose_4(bytes);
    const __m128i row[4] = {_mm512_castsi512_si128(bytes), _mm512_extracti32x4_epi32(bytes, 1),
                            _mm512_extracti32x4_epi32(bytes, 2), _mm512_extracti32x4_epi32(bytes, 3)};
    Q8_UNROLL for (int r = 0; r < 4; r++, to += stride) {
        if (r == rows) return;
        if (lanes == 0xffff) {
            _mm_storeu_si128((__m128i *)(void *)to, row[r]);
        } else if (lanes == 0xff) {
            _mm_storel_epi64((__m128i *)(void *)to, row[r]);
        } else {
            _mm_mask_storeu_epi8(to, lanes, row[r]);
        }
    }
}

#endif

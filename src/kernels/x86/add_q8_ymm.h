/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* ADD and SUB with 256-bit vectors: of 8 lanes in the reference's own three requantisations, those of operands in 32
 * bits; of 32 bytes as one sum of two products (add_q8_form.h). */
#ifndef MN_KERNELS_X86_ADD_Q8_YMM_H
#define MN_KERNELS_X86_ADD_Q8_YMM_H

#include "kernels/x86/add_operand.h"
#include "kernels/x86/add_q8_form.h"
#include "kernels/x86/q8_ymm.h"

typedef struct q8_add {
    mn_add_operand in[2];
    q8_exact result;
    mn_range_i32 range; /* centred */
    bool subtract;
} q8_add;

/** Of operands that are stored values less `less`. */
Q8_INLINE q8_add q8_add_of(const mn_binary_params *p, mn_type type, int32_t less) {
    const int32_t centre = type == MN_UINT8 ? 128 : 0;
    mn_requant r;
    mn_requant_fill_exact(&r, p->out.multiplier, p->out.shift, p->out.zero - centre);
    q8_add a = {
        .result = q8_exact_of(&r, 0), .range = {p->range.min - centre, p->range.max - centre}, .subtract = p->subtract};
    for (int i = 0; i < 2; i++) {
        a.in[i] = mn_add_operand_of(&p->in[i]);
        a.in[i].zero -= less;
    }
    return a;
}

Q8_INLINE __m256i q8_add_operand(__m256i v, const mn_add_operand *o) {
    v = _mm256_sub_epi32(v, _mm256_set1_epi32(o->zero));
    __m256i low =
        _mm256_add_epi32(_mm256_mullo_epi32(v, _mm256_set1_epi32(o->low)), _mm256_set1_epi32(MN_ADD_LOW_HALF));
    __m256i sum = _mm256_add_epi32(_mm256_mullo_epi32(v, _mm256_set1_epi32(o->high)), _mm256_set1_epi32(o->rounding));
    sum = _mm256_add_epi32(sum, _mm256_srai_epi32(low, MN_ADD_LOW_BITS));
    sum = _mm256_add_epi32(sum, _mm256_and_si256(_mm256_srai_epi32(v, 31), _mm256_set1_epi32(o->negative)));
    return _mm256_sra_epi32(sum, _mm_cvtsi32_si128(o->shift));
}

/** Centred results, not yet clamped. */
Q8_INLINE __m256i q8_add_8(const q8_add *a, __m256i x, __m256i y) {
    x = q8_add_operand(x, &a->in[0]), y = q8_add_operand(y, &a->in[1]);
    return q8_requant_exact(a->subtract ? _mm256_sub_epi32(x, y) : _mm256_add_epi32(x, y), &a->result);
}

/** 32 results of the short form in bytes, not yet clamped to the range; x and y are operands 0 and 1. */
Q8_INLINE __m256i q8_add_short(const mn_add_q8 *a, __m256i x, __m256i y) {
    const __m256i none = _mm256_setzero_si256(), high = _mm256_set1_epi32(a->high), low = _mm256_set1_epi32(a->low);
    const __m256i pairs[2] = {_mm256_unpacklo_epi8(x, y), _mm256_unpackhi_epi8(x, y)};
    __m256i sums[4];
    Q8_UNROLL for (int i = 0; i < 4; i++) {
        /* 256 times the operands, as 16-bit numbers next to each other. */
        sums[i] = i % 2 ? _mm256_unpackhi_epi8(none, pairs[i / 2]) : _mm256_unpacklo_epi8(none, pairs[i / 2]);
        const __m256i lows = _mm256_srai_epi32(_mm256_madd_epi16(sums[i], low), 16);
        sums[i] = _mm256_add_epi32(_mm256_madd_epi16(sums[i], high), lows);
        sums[i] = _mm256_add_epi32(sums[i], _mm256_set1_epi32(a->offset));
        sums[i] = _mm256_sra_epi32(sums[i], _mm_cvtsi32_si128(a->bits));
    }
    __m256i results = q8_narrow_4(sums);
    for (int32_t p = 0; p < a->fixups; p++) {
        const __m256i first = _mm256_cmpeq_epi8(x, _mm256_set1_epi8(a->fixup[p][0]));
        const __m256i second = _mm256_cmpeq_epi8(y, _mm256_set1_epi8(a->fixup[p][1]));
        results = _mm256_sub_epi8(results, _mm256_and_si256(first, second));
    }
    return results;
}

#endif

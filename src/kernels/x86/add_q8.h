/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 ADD for AVX-512: the reference's three requantisations, or one sum of two products where trying all
 * 65,536 pairs of operands has shown that it gives the same. */
#ifndef MN_KERNELS_X86_ADD_Q8_H
#define MN_KERNELS_X86_ADD_Q8_H

#include "kernels/x86/q8_avx512.h"

/** Operands and results are centred: stored int8 values, or stored uint8 values minus 128. */
typedef struct mn_add_q8 {
    mn_requant in[2], out; /* exact */
    int32_t zero[2];       /* of the operands */
    bool subtract;
    mn_range_i32 range;
    /* With `is_short`: ((high << 7) + (low >> 8) + offset) >> bits, where high and low are sums of both operands times
     * 16-bit factors, operand 0's in the lower half. */
    bool is_short;
    int32_t high, low, offset, bits;
} mn_add_q8;

/** Can this ADD be computed here: equal shapes, no left shifts? */
bool mn_add_q8_fits(const mn_binary_params *p);

/** Fills `out`; false tries no short form, which takes about 20 microseconds. */
void mn_add_q8_fill(const mn_binary_params *p, mn_type type, bool try_short, mn_add_q8 *out);

/** Operand `i` of the exact form, rescaled. */
Q8_INLINE __m512i mn_add_q8_operand(const mn_add_q8 *a, int i, __m512i x) {
    x = _mm512_sub_epi32(x, _mm512_set1_epi32(a->zero[i]));
    return mn_q8_requant_exact(_mm512_slli_epi32(x, 20), &a->in[i]);
}

/** (high << 7) + (low >> 8) of the short form. */
Q8_INLINE __m512i mn_add_q8_products(const mn_add_q8 *a, __m512i x, __m512i y) {
    const __m512i pairs = _mm512_mask_mov_epi16(_mm512_slli_epi32(y, 16), 0x55555555, x);
    const __m512i high = _mm512_madd_epi16(pairs, _mm512_set1_epi32(a->high));
    const __m512i low = _mm512_madd_epi16(pairs, _mm512_set1_epi32(a->low));
    return _mm512_add_epi32(_mm512_slli_epi32(high, 7), _mm512_srai_epi32(low, 8));
}

/** 16 results, clamped; x and y are operands 0 and 1 in [-128, 127]. */
Q8_INLINE __m512i mn_add_q8_run(const mn_add_q8 *a, __m512i x, __m512i y) {
    __m512i sum;
    if (a->is_short) {
        sum = _mm512_add_epi32(mn_add_q8_products(a, x, y), _mm512_set1_epi32(a->offset));
        sum = _mm512_sra_epi32(sum, _mm_cvtsi32_si128(a->bits));
    } else {
        x = mn_add_q8_operand(a, 0, x), y = mn_add_q8_operand(a, 1, y);
        sum = mn_q8_requant_exact(a->subtract ? _mm512_sub_epi32(x, y) : _mm512_add_epi32(x, y), &a->out);
    }
    sum = _mm512_max_epi32(sum, _mm512_set1_epi32(a->range.min));
    return _mm512_min_epi32(sum, _mm512_set1_epi32(a->range.max));
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 ADD for AVX-512: the reference's three requantisations, or one sum of two products (add_q8_form.h). */
#ifndef MN_KERNELS_X86_ADD_Q8_H
#define MN_KERNELS_X86_ADD_Q8_H

#include "kernels/x86/add_operand.h"
#include "kernels/x86/add_q8_form.h"
#include "kernels/x86/q8_avx512.h"

/** Operand `i` of the exact form, rescaled. */
Q8_INLINE __m512i mn_add_q8_operand(const mn_add_q8 *a, int i, __m512i x) {
    x = _mm512_sub_epi32(x, _mm512_set1_epi32(a->zero[i]));
    return mn_q8_requant_exact(_mm512_slli_epi32(x, 20), &a->in[i]);
}

/** 64 results in bytes, not yet clamped to the range; x and y are operands 0 and 1. */
Q8_INLINE __m512i mn_add_q8_short(const mn_add_q8 *a, __m512i x, __m512i y) {
    const __m512i none = _mm512_setzero_si512(), high = _mm512_set1_epi32(a->high), low = _mm512_set1_epi32(a->low);
    const __m512i pairs[2] = {_mm512_unpacklo_epi8(x, y), _mm512_unpackhi_epi8(x, y)};
    __m512i sums[4];
    Q8_UNROLL for (int i = 0; i < 4; i++) {
        /* 256 times the operands, as 16-bit numbers next to each other. */
        sums[i] = i % 2 ? _mm512_unpackhi_epi8(none, pairs[i / 2]) : _mm512_unpacklo_epi8(none, pairs[i / 2]);
        const __m512i lows = _mm512_srai_epi32(_mm512_madd_epi16(sums[i], low), 16);
        sums[i] = _mm512_add_epi32(_mm512_madd_epi16(sums[i], high), lows);
        sums[i] = _mm512_add_epi32(sums[i], _mm512_set1_epi32(a->offset));
        sums[i] = _mm512_sra_epi32(sums[i], _mm_cvtsi32_si128(a->bits));
    }
    __m512i results = mn_q8_narrow_4(sums[0], sums[1], sums[2], sums[3]);
    for (int32_t p = 0; p < a->fixups; p++) {
        const __mmask64 first = _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8(a->fixup[p][0]));
        const __mmask64 both = _mm512_mask_cmpeq_epi8_mask(first, y, _mm512_set1_epi8(a->fixup[p][1]));
        results = _mm512_mask_add_epi8(results, both, results, _mm512_set1_epi8(1));
    }
    return results;
}

/** The same in the exact form. */
Q8_INLINE __m512i mn_add_q8_exact(const mn_add_q8 *a, __m512i x, __m512i y) {
    int8_t bytes[2][64];
    _mm512_storeu_si512(bytes[0], x);
    _mm512_storeu_si512(bytes[1], y);
    for (int i = 0; i < 64; i += 16) {
        __m512i operand[2];
        for (int n = 0; n < 2; n++) {
            const __m128i values = _mm_loadu_si128((const __m128i *)(const void *)(bytes[n] + i));
            operand[n] = mn_add_q8_operand(a, n, _mm512_cvtepi8_epi32(values));
        }
        const __m512i sums =
            a->subtract ? _mm512_sub_epi32(operand[0], operand[1]) : _mm512_add_epi32(operand[0], operand[1]);
        const __m128i results = _mm512_cvtsepi32_epi8(mn_q8_requant_exact(sums, &a->out));
        _mm_storeu_si128((__m128i *)(void *)(bytes[0] + i), results);
    }
    return _mm512_loadu_si512(bytes[0]);
}

#endif

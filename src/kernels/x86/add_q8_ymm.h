/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* ADD and SUB of 8 lanes in the reference's own three requantisations, those of operands in 32 bits. */
#ifndef MN_KERNELS_X86_ADD_Q8_YMM_H
#define MN_KERNELS_X86_ADD_Q8_YMM_H

#include "kernels/x86/add_operand.h"
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

#endif

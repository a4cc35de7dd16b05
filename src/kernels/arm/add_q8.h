/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 ADD behind a projection: the reference's three requantisations, by the same instructions as q8.h. */
#ifndef MN_KERNELS_ARM_ADD_Q8_H
#define MN_KERNELS_ARM_ADD_Q8_H

#include "kernels/arm/q8.h"

#ifdef MN_CPU_NEON_COMPILES

/** Operands and results as signed bytes. */
typedef struct mn_arm_add {
    mn_operand in[2], out;
    int32_t
        sign[2]; /* of operands that are negative, -1 where a shift makes the second rounding of them; otherwise 0 */
    bool subtract;
    mn_arm_finish finish;
} mn_arm_add;

/** Can this ADD be computed here: equal shapes, no left shifts, a right shift of the sum? */
static inline bool mn_arm_add_fits(const mn_binary_params *p) {
    return p->same_shape && p->in[0].shift <= 0 && p->in[1].shift <= 0 && p->out.shift < 0;
}

static inline mn_arm_add mn_arm_add_of(const mn_binary_params *p, mn_type type) {
    const int32_t shift = type == MN_UINT8 ? 128 : 0;
    const mn_arm_zeros zeros = {.flip = type == MN_UINT8 ? 0x80 : 0,
                                .out = p->out.zero - shift,
                                .range = {p->range.min - shift, p->range.max - shift}};
    mn_arm_add add = {.in = {p->in[0], p->in[1]}, .out = p->out, .subtract = p->subtract};
    add.finish = mn_arm_finish_of(&zeros);
    for (int i = 0; i < 2; i++) {
        add.in[i].zero -= shift;
        add.sign[i] = add.in[i].shift < 0 ? -1 : 0;
    }
    return add;
}

/** Four values of operand `i`, less its zero point and times 2^4, rescaled. */
Q8_INLINE int32x4_t mn_arm_add_operand(const mn_arm_add *a, int i, int16x4_t x) {
    int32x4_t scaled = vqrdmulhq_n_s32(vshll_n_s16(x, 16), a->in[i].multiplier);
    scaled = vsraq_n_s32(scaled, vandq_s32(scaled, vdupq_n_s32(a->sign[i])), 31);
    return vrshlq_s32(scaled, vdupq_n_s32(a->in[i].shift));
}

/** The sums of four. */
Q8_INLINE int32x4_t mn_arm_add_four(const mn_arm_add *a, int16x4_t x, int16x4_t y) {
    const int32x4_t first = mn_arm_add_operand(a, 0, x), second = mn_arm_add_operand(a, 1, y);
    const int32x4_t sum = a->subtract ? vsubq_s32(first, second) : vaddq_s32(first, second);
    return mn_arm_rescale(sum, vdupq_n_s32(a->out.multiplier), vdupq_n_s32(a->out.shift), true);
}

/** Eight results. */
Q8_INLINE int16x8_t mn_arm_add_eight(const mn_arm_add *a, int8x8_t x, int8x8_t y) {
    const int16x8_t first = vshlq_n_s16(vsubl_s8(x, vdup_n_s8((int8_t)a->in[0].zero)), 4);
    const int16x8_t second = vshlq_n_s16(vsubl_s8(y, vdup_n_s8((int8_t)a->in[1].zero)), 4);
    return mn_arm_to_16(mn_arm_add_four(a, vget_low_s16(first), vget_low_s16(second)),
                        mn_arm_add_four(a, vget_high_s16(first), vget_high_s16(second)), a->finish.zero);
}

/** Sixteen results, within the range; x and y are operands 0 and 1. */
Q8_INLINE int8x16_t mn_arm_add_bytes(const mn_arm_add *a, int8x16_t x, int8x16_t y) {
    const int16x8_t low = mn_arm_add_eight(a, vget_low_s8(x), vget_low_s8(y));
    const int16x8_t high = mn_arm_add_eight(a, vget_high_s8(x), vget_high_s8(y));
    return mn_arm_clamp(vqmovn_high_s16(vqmovn_s16(low), high), &a->finish);
}

#endif
#endif

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
    /* The operand of the larger scale is halved, without rounding: that is a shift by 2^19 instead of 2^20. */
    bool halved[2];
    bool subtract;
    mn_arm_finish finish;
} mn_arm_add;

/** What code for one sort of ADD knows beforehand: a sum of which one operand is halved, as in residual blocks; or
 * nothing.
 */
typedef enum mn_arm_add_sort { MN_ARM_ADD_ANY, MN_ARM_ADD_FIRST_HALVED, MN_ARM_ADD_SECOND_HALVED } mn_arm_add_sort;

static inline mn_arm_add_sort mn_arm_add_sort_of(const mn_arm_add *a) {
    if (a->subtract || a->halved[0] == a->halved[1]) return MN_ARM_ADD_ANY;
    return a->halved[0] ? MN_ARM_ADD_FIRST_HALVED : MN_ARM_ADD_SECOND_HALVED;
}

/** Is this operand halved? */
static inline bool mn_arm_add_halves(const mn_operand *in) { return in->shift == 0 && in->multiplier == 1 << 30; }

/** Can this operand be rescaled here: halved, made 0, or with a right shift? */
static inline bool mn_arm_add_takes(const mn_operand *in) {
    return in->shift < 0 || in->multiplier == 0 || mn_arm_add_halves(in);
}

/** Can this ADD be computed here: equal shapes, such operands, a right shift of the sum? */
static inline bool mn_arm_add_fits(const mn_binary_params *p) {
    return p->same_shape && mn_arm_add_takes(&p->in[0]) && mn_arm_add_takes(&p->in[1]) && p->out.shift < 0;
}

static inline mn_arm_add mn_arm_add_of(const mn_binary_params *p, mn_type type) {
    const int32_t shift = type == MN_UINT8 ? 128 : 0;
    const mn_arm_zeros zeros = {.flip = type == MN_UINT8 ? 0x80 : 0,
                                .out = p->out.zero - shift,
                                .range = {p->range.min - shift, p->range.max - shift}};
    mn_arm_add add = {.in = {p->in[0], p->in[1]}, .out = p->out, .subtract = p->subtract};
    add.finish = mn_arm_finish_of(&zeros);
    for (int i = 0; i < 2; i++) {
        add.halved[i] = mn_arm_add_halves(&add.in[i]);
        add.in[i].zero -= shift;
        add.in[i].shift = mn_min_i32(add.in[i].shift, -1);
    }
    return add;
}

/** The same sum with its operands exchanged. */
static inline void mn_arm_add_exchange(mn_arm_add *a) {
    const mn_operand in = a->in[0];
    const bool halved = a->halved[0];
    a->in[0] = a->in[1], a->halved[0] = a->halved[1];
    a->in[1] = in, a->halved[1] = halved;
}

/** The lower or upper eight values of operand `i` rescaled, in two vectors. */
Q8_INLINE void mn_arm_add_operand(const mn_arm_add *a, int i, int8x16_t bytes, bool upper, bool halved,
                                  int32x4_t out[2]) {
    const int8x16_t zero = vdupq_n_s8((int8_t)a->in[i].zero);
    const int16x8_t x = upper ? vsubl_high_s8(bytes, zero) : vsubl_s8(vget_low_s8(bytes), vget_low_s8(zero));
    const int16x8_t scaled = halved ? vshlq_n_s16(x, 3) : vshlq_n_s16(x, 4);
    out[0] = vshll_n_s16(vget_low_s16(scaled), 16);
    out[1] = vshll_n_s16(vget_high_s16(scaled), 16);
    if (halved) return;
    Q8_UNROLL for (int v = 0; v < 2; v++) {
        out[v] = mn_arm_rescale(out[v], vdupq_n_s32(a->in[i].multiplier), vdupq_n_s32(a->in[i].shift), true);
    }
}

/** The lower or upper eight results. */
Q8_INLINE int16x8_t mn_arm_add_eight(const mn_arm_add *a, mn_arm_add_sort sort, int8x16_t x, int8x16_t y, bool upper) {
    const bool any = sort == MN_ARM_ADD_ANY;
    int32x4_t first[2], second[2];
    mn_arm_add_operand(a, 0, x, upper, any ? a->halved[0] : sort == MN_ARM_ADD_FIRST_HALVED, first);
    mn_arm_add_operand(a, 1, y, upper, any ? a->halved[1] : sort == MN_ARM_ADD_SECOND_HALVED, second);
    Q8_UNROLL for (int v = 0; v < 2; v++) {
        first[v] = any && a->subtract ? vsubq_s32(first[v], second[v]) : vaddq_s32(first[v], second[v]);
        first[v] = mn_arm_rescale(first[v], vdupq_n_s32(a->out.multiplier), vdupq_n_s32(a->out.shift), true);
    }
    return mn_arm_to_16(first[0], first[1], a->finish.zero);
}

/** Sixteen results, within the range; x and y are operands 0 and 1. */
Q8_INLINE int8x16_t mn_arm_add_bytes(const mn_arm_add *a, mn_arm_add_sort sort, int8x16_t x, int8x16_t y) {
    const int16x8_t low = mn_arm_add_eight(a, sort, x, y, false);
    const int16x8_t high = mn_arm_add_eight(a, sort, x, y, true);
    return mn_arm_clamp(vqmovn_high_s16(vqmovn_s16(low), high), &a->finish);
}

#endif
#endif

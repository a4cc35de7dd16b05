/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Operands of an 8-bit ADD, rescaled exactly in 32 bits. An operand v has 9 bits and is shifted left by 20, so the
 * lowest 20 bits of v * 2^20 * multiplier are zeros, and so are those of both roundings: (v * multiplier + r) >> n is
 * left. With the multiplier in two parts, high * 2^11 + low, no product has more than 29 bits; floors nest. */
#ifndef MN_KERNELS_X86_ADD_OPERAND_H
#define MN_KERNELS_X86_ADD_OPERAND_H

#include "kernels/params.h"
#include "kernels/quant.h"
#include "kernels/x86/requant.h"

enum { MN_ADD_LOW_BITS = 31 - MN_ADD_SHIFT, MN_ADD_LOW_HALF = 1 << (MN_ADD_LOW_BITS - 1) };

/** (v * high + ((v * low + MN_ADD_LOW_HALF) >> MN_ADD_LOW_BITS) + rounding + (v < 0 ? negative : 0)) >> shift. */
typedef struct mn_add_operand {
    int32_t zero; /* v = stored - zero */
    int32_t low, high, rounding, negative, shift;
} mn_add_operand;

/** Can an ADD or SUB be computed so: equal shapes, no left shifts? */
static inline bool mn_add_operands_fit(const mn_binary_params *p) {
    const int32_t shifts[] = {p->in[0].shift, p->in[1].shift, p->out.shift};
    return p->same_shape && mn_requant_fits(shifts, 3);
}

/** Of an operand whose shift is not to the left. */
static inline mn_add_operand mn_add_operand_of(const mn_operand *o) {
    const int32_t shift = -o->shift;
    return (mn_add_operand){.zero = o->zero,
                            .low = o->multiplier & ((1 << MN_ADD_LOW_BITS) - 1),
                            .high = o->multiplier >> MN_ADD_LOW_BITS,
                            .rounding = shift > 0 ? 1 << (shift - 1) : 0,
                            .negative = shift > 0 ? -1 : 0,
                            .shift = shift};
}

#endif

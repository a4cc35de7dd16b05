/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Rows of weights for NEON: what matrix_q8_tile.h needs of a tier. */
#define Q8_TARGET

#include "kernels/arm/neon.h"

/* One product fits 16 bits whatever the operands, two do not. */
__attribute__((always_inline)) static inline int32x4_t add_16(int32x4_t acc, int8x16_t w, int8x16_t x) {
    acc = vpadalq_s16(acc, vmull_s8(vget_low_s8(w), vget_low_s8(x)));
    return vpadalq_s16(acc, vmull_high_s8(w, x));
}

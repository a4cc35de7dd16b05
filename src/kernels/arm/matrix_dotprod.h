/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Rows of weights with dot products: what matrix_q8_tile.h needs of a tier. */
#define Q8_TARGET __attribute__((target("arch=armv8.2-a+dotprod")))

#include "kernels/arm/neon.h"

Q8_TARGET __attribute__((always_inline)) static inline int32x4_t add_16(int32x4_t acc, int8x16_t w, int8x16_t x) {
    return vdotq_s32(acc, w, x);
}

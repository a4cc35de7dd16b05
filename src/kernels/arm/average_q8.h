/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From sums of stored 8-bit values to their averages, halves away from 0, as AVERAGE_POOL_2D has them: quotients by
 * multiplication. With 2^31 / n rounded up, too large by less than 1, a product of x exceeds x / n by less than
 * x / 2^31. That is below 1 / n, and the quotient right, as x, a sum and half of n, is below 256 n. */
#ifndef MN_KERNELS_ARM_AVERAGE_Q8_H
#define MN_KERNELS_ARM_AVERAGE_Q8_H

#include "kernels/arm/q8.h"

#ifdef MN_CPU_NEON_COMPILES

/** Most values that are averaged into one: 256 n n is at most 2^31. */
enum { MN_ARM_MAX_CELLS = 2896 };

/** How averages of a number of values are made. */
typedef struct mn_arm_average {
    int32_t added, reciprocal;
    int16_t min, max; /* as stored */
} mn_arm_average;

static inline mn_arm_average mn_arm_average_of(int32_t cells, mn_range_i32 range) {
    mn_arm_average a = {.added = cells / 2, .min = (int16_t)range.min, .max = (int16_t)range.max};
    if (cells == 1) {
        a.added = 1, a.reciprocal = INT32_MAX; /* (x + 1) (2^31 - 1) / 2^31 is x and a part */
    } else {
        a.reciprocal = (int32_t)((UINT32_C(1) << 31) / (uint32_t)cells + ((UINT32_C(1) << 31) % (uint32_t)cells != 0));
    }
    return a;
}

/** Averages of four sums, not clamped. */
Q8_INLINE int16x4_t mn_arm_divide(int32x4_t sums, const mn_arm_average *a) {
    const int32x4_t sign = vshrq_n_s32(sums, 31);
    const int32x4_t sizes = vqdmulhq_n_s32(vaddq_s32(vabsq_s32(sums), vdupq_n_s32(a->added)), a->reciprocal);
    return vmovn_s32(vsubq_s32(veorq_s32(sizes, sign), sign));
}

/** Stored averages of 16 sums. */
Q8_INLINE uint8x16_t mn_arm_averages(const int32x4_t sums[MN_ARM_VECTORS], const mn_arm_average *a) {
    int8x8_t half[2];
    Q8_UNROLL for (int i = 0; i < 2; i++) {
        int16x8_t eight = vcombine_s16(mn_arm_divide(sums[2 * i], a), mn_arm_divide(sums[2 * i + 1], a));
        eight = vminq_s16(vmaxq_s16(eight, vdupq_n_s16(a->min)), vdupq_n_s16(a->max));
        half[i] = vmovn_s16(eight);
    }
    return vreinterpretq_u8_s8(vcombine_s8(half[0], half[1]));
}

#endif
#endif

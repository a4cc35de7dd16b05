/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Products of Armv8.6: SMMLA takes eight activations of two rows and eight weights of two channels, and adds the four
 * dot products to a vector of those. Included by the files of this tier; see tile_q8.h. */
#include "kernels/arm/dots_q8.h"

#define Q8_TARGET __attribute__((target("arch=armv8.2-a+dotprod+i8mm")))
enum { ROWS = 6, GROUP = 8, STEP = 4, BLOCK = 8 };

/* Weights are [16 channels][8]. A phase is a vector of channels. For four products the other weights are 0. */
#define SKIP(vectors, phase) ((phase) + 1 == (vectors) ? (MN_ARM_VECTORS - (vectors)) * 32 : 0)
#define TAIL(vectors) (vectors)

/* Of pair p, sums of the two lower channels of vector v are acc[2 * p][v], those of the two upper ones
 * acc[2 * p + 1][v]. */
Q8_TARGET Q8_INLINE void multiply(int rows, int vectors, int phase, int pair, const int8x16_t w[2], int8x16_t x,
                                  int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    (void)rows, (void)vectors;
    Q8_UNROLL for (int i = 0; i < 2; i++) {
        int32x4_t *sum = &acc[2 * pair + i][phase];
        *sum = vmmlaq_s32(*sum, x, w[i]);
        mn_arm_keep(sum);
    }
}

#include "kernels/arm/dots_q8_tile.h"

/* Accumulators of two channels of two rows. */
Q8_INLINE void open_sums(int rows, int vectors, const int32_t *bias, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        const int64x2_t four = vreinterpretq_s64_s32(vld1q_s32(bias + v * 4));
        const int32x4_t low = vreinterpretq_s32_s64(vzip1q_s64(four, four));
        const int32x4_t high = vreinterpretq_s32_s64(vzip2q_s64(four, four));
        Q8_UNROLL for (int r = 0; r < rows; r += 2) {
            acc[r][v] = mn_arm_copy(low);
            acc[r + 1][v] = mn_arm_copy(high);
        }
    }
}

Q8_INLINE void close_sums(int rows, int vectors, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    Q8_UNROLL for (int r = 0; r < rows; r += 2) {
        Q8_UNROLL for (int v = 0; v < vectors; v++) {
            const int64x2_t low = vreinterpretq_s64_s32(acc[r][v]), high = vreinterpretq_s64_s32(acc[r + 1][v]);
            acc[r][v] = vreinterpretq_s32_s64(vzip1q_s64(low, high));
            acc[r + 1][v] = vreinterpretq_s32_s64(vzip2q_s64(low, high));
        }
    }
}

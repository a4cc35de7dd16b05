/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Products of Armv8.2 with dot products: SDOT by lane takes four activations of a row and four weights of four
 * channels. Included by the files of this tier; see tile_q8.h. */
#include "kernels/arm/panel_q8.h"

#define Q8_TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
enum { ROWS = 6, GROUP = 4 };

/* Products [4 * lane, 4 * lane + 4) of 16; weights are [16 channels][4]. */
#define MULTIPLY(lane)                                                                                                 \
    Q8_UNROLL for (int v = 0; v < vectors; v++) {                                                                      \
        const int8x16_t w = vld1q_s8(weights + (lane)*64 + v * 16);                                                    \
        Q8_UNROLL for (int r = 0; r < rows; r++) acc[r][v] = vdotq_laneq_s32(acc[r][v], w, x[r], lane);                \
    }

/* Adds `depth` products of each row, a multiple of 4; moves `in` and `panel` behind them. */
Q8_TARGET Q8_INLINE void add_products(int rows, int vectors, const int8_t **in, int32_t depth, mn_arm_panel *panel,
                                      int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    const int8_t *weights = panel->weights;
    int8x16_t x[ROWS];
    int32_t left = depth;
    for (; left >= 16; left -= 16, weights += 16 * MN_ARM_LANES) {
        Q8_UNROLL for (int r = 0; r < rows; r++) x[r] = vld1q_s8(in[r]), in[r] += 16;
        MULTIPLY(0) MULTIPLY(1) MULTIPLY(2) MULTIPLY(3)
    }
    for (; left > 0; left -= GROUP, weights += GROUP * MN_ARM_LANES) {
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            x[r] = vreinterpretq_s8_s32(vld1q_dup_s32((const int32_t *)(const void *)in[r])), in[r] += GROUP;
        }
        MULTIPLY(0)
    }
    panel->weights = weights;
}

#undef MULTIPLY

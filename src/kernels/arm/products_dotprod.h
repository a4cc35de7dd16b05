/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Products of Armv8.2 with dot products: SDOT by lane takes four activations of a row and four weights of four
 * channels. Included by the files of this tier; see tile_q8.h. */
#include "kernels/arm/dots_q8.h"

#define Q8_TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
enum { ROWS = 5, GROUP = 4, STEP = 4 };

/* Products [4 * lane, 4 * lane + 4) of 16 with the weights of two vectors of channels, `h` and the one behind it. */
#define MULTIPLY(lane, h)                                                                                              \
    Q8_UNROLL for (int v = 0; v < 2; v++) {                                                                            \
        Q8_UNROLL for (int r = 0; r < rows; r++) {                                                                     \
            acc[r][h + v] = vdotq_laneq_s32(acc[r][h + v], w[v], x[r], lane);                                          \
            mn_arm_keep(&acc[r][h + v]);                                                                               \
        }                                                                                                              \
    }

/* The weights of a lane are [16 channels][4]; those of the next are on their way while two vectors are multiplied. */
#define MULTIPLY_LANE(lane)                                                                                            \
    if (vectors == MN_ARM_VECTORS) {                                                                                   \
        mn_arm_load_two(&weights, next);                                                                               \
        MULTIPLY(lane, 0)                                                                                              \
        w[0] = next[0], w[1] = next[1];                                                                                \
        if ((lane) < 3) mn_arm_load_two(&weights, next);                                                               \
        MULTIPLY(lane, 2)                                                                                              \
    } else {                                                                                                           \
        weights += 32;                                                                                                 \
        if ((lane) < 3) mn_arm_load_two(&weights, next);                                                               \
        MULTIPLY(lane, 0)                                                                                              \
    }                                                                                                                  \
    w[0] = next[0], w[1] = next[1];

/* Adds `depth` products of each row, a multiple of 4; moves `in` and `panel` behind them. */
Q8_TARGET Q8_INLINE void add_products(int rows, int vectors, const int8_t **in, int32_t depth, mn_arm_panel *panel,
                                      int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    const int8_t *weights = panel->weights;
    int8x16_t x[ROWS], w[2], next[2] = {vdupq_n_s8(0), vdupq_n_s8(0)};
    int32_t left = depth;
    for (; left >= 16; left -= 16) {
        mn_arm_load_two(&weights, w);
        Q8_UNROLL for (int r = 0; r < rows; r++) x[r] = vld1q_s8(in[r]), in[r] += 16;
        MULTIPLY_LANE(0) MULTIPLY_LANE(1) MULTIPLY_LANE(2) MULTIPLY_LANE(3)
    }
    for (; left > 0; left -= STEP) {
        mn_arm_load_two(&weights, w);
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            x[r] = vreinterpretq_s8_s32(vld1q_dup_s32((const int32_t *)(const void *)in[r])), in[r] += STEP;
        }
        MULTIPLY(0, 0)
        if (vectors == MN_ARM_VECTORS) {
            mn_arm_load_two(&weights, w);
            MULTIPLY(0, 2)
        } else {
            weights += 32;
        }
    }
    panel->weights = weights;
}

#undef MULTIPLY
#undef MULTIPLY_LANE

/* Accumulators are those of four channels each, as they come. */
Q8_INLINE void open_sums(int rows, int vectors, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    (void)rows, (void)vectors, (void)acc;
}

Q8_INLINE void close_sums(int rows, int vectors, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    (void)rows, (void)vectors, (void)acc;
}

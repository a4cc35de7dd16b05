/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Products of Armv8.6: SMMLA takes eight activations of two rows and eight weights of two channels, and adds the four
 * dot products to a vector of those. Included by the files of this tier; see tile_q8.h. */
#include "kernels/arm/dots_q8.h"

#define Q8_TARGET __attribute__((target("arch=armv8.2-a+dotprod+i8mm")))
enum { ROWS = 6, GROUP = 8, STEP = 4, PAIRS = ROWS / 2 };

/* Eight products of pairs of rows; weights are [16 channels][8]. Of pair p, sums of the two lower channels of vector v
 * are acc[2 * p][v], those of the two upper ones acc[2 * p + 1][v]. */
Q8_TARGET Q8_INLINE void multiply(int pairs, int vectors, const int8x16_t *x, const int8_t **weights,
                                  int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        int8x16_t w[2];
        mn_arm_load_two(weights, w);
        Q8_UNROLL for (int i = 0; i < 2; i++) {
            Q8_UNROLL for (int p = 0; p < pairs; p++) {
                acc[2 * p + i][v] = vmmlaq_s32(acc[2 * p + i][v], x[p], w[i]);
                mn_arm_keep(&acc[2 * p + i][v]);
            }
        }
    }
    *weights += (MN_ARM_VECTORS - vectors) * 32;
}

/* Eight activations, or four and what meets weights of 0. */
Q8_INLINE int8x8_t load_eight(const int8_t *from, int32_t left) {
    if (left >= 8) return vld1_s8(from);
    return vreinterpret_s8_s32(vld1_dup_s32((const int32_t *)(const void *)from));
}

Q8_INLINE int8x16_t low_halves(int8x16_t a, int8x16_t b) {
    return vreinterpretq_s8_s64(vzip1q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}

Q8_INLINE int8x16_t high_halves(int8x16_t a, int8x16_t b) {
    return vreinterpretq_s8_s64(vzip2q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}

/* Adds `depth` products of each row, a multiple of 4; moves `panel` behind them. Of an odd number of rows the last
 * makes a pair with itself. */
Q8_TARGET Q8_INLINE void add_products(int rows, int vectors, const int8_t **in, int32_t depth, mn_arm_panel *panel,
                                      int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    const int pairs = (rows + 1) / 2;
    const int8_t *weights = panel->weights;
    int8x16_t low[PAIRS], high[PAIRS];
    depth = mn_arm_opaque(depth);
    int32_t k = 0;
    for (; k + 16 <= depth; k += 16) {
        Q8_UNROLL for (int p = 0; p < pairs; p++) {
            const int second = 2 * p + 1 < rows ? 2 * p + 1 : 2 * p;
            const int8x16_t a = vld1q_s8(in[2 * p] + k), b = vld1q_s8(in[second] + k);
            low[p] = low_halves(a, b);
            high[p] = high_halves(a, b);
        }
        multiply(pairs, vectors, low, &weights, acc);
        multiply(pairs, vectors, high, &weights, acc);
    }
    for (; k < depth; k += 8) {
        Q8_UNROLL for (int p = 0; p < pairs; p++) {
            const int second = 2 * p + 1 < rows ? 2 * p + 1 : 2 * p;
            low[p] = vcombine_s8(load_eight(in[2 * p] + k, depth - k), load_eight(in[second] + k, depth - k));
        }
        multiply(pairs, vectors, low, &weights, acc);
    }
    panel->weights = weights;
}

/* From accumulators of four channels of two rows to those of two channels of both, and back. */
Q8_INLINE void open_sums(int rows, int vectors, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    Q8_UNROLL for (int r = 0; r < rows; r += 2) {
        Q8_UNROLL for (int v = 0; v < vectors; v++) {
            const int64x2_t a = vreinterpretq_s64_s32(acc[r][v]);
            const int64x2_t b = r + 1 < rows ? vreinterpretq_s64_s32(acc[r + 1][v]) : a;
            acc[r][v] = vreinterpretq_s32_s64(vzip1q_s64(a, b));
            acc[r + 1][v] = vreinterpretq_s32_s64(vzip2q_s64(a, b));
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

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Products of Armv8.0, which has no dot product: SMULL and SMLAL add two to four products of bytes up in 16 bits, as
 * many as the weights are known to leave room for (panel_q8.h), and SADALP adds pairs of those to 32. Two activations
 * are loaded into all lanes at once (LD1R), which leaves the arithmetic alone. Included by the files of this tier; see
 * tile_q8.h. */
#include <string.h>

#include "kernels/arm/panel_q8.h"

#define Q8_TARGET
enum { ROWS = 4, GROUP = 2, STEP = 2, BLOCK = 32 };

/* The next two activations, eight times. An intrinsic would have the address computed apart. */
Q8_INLINE int8x16_t load_pair(const int8_t **from) {
#ifdef __aarch64__
    int16x8_t pair;
    __asm__ volatile("ld1r {%0.8h}, [%1], #2" : "=w"(pair), "+r"(*from) : "m"(*(const int8_t(*)[2]) * from));
    return vreinterpretq_s8_s16(pair);
#else
    int16_t pair;
    memcpy(&pair, *from, sizeof pair);
    *from += 2;
    return vreinterpretq_s8_s16(vdupq_n_s16(pair));
#endif
}

/* Keeps the compiler from computing sums earlier or later than here, for which it would run out of registers. */
Q8_INLINE void keep(int vectors, int16x8_t *sums) {
    Q8_UNROLL for (int v = 0; v < vectors; v++) __asm__ volatile("" : "+w"(sums[v]));
}

/* `chain` of the `pairs` pairs of products at a time; constants. Weights are [pairs][16 channels][2]. Activations are
 * loaded a step before they are needed. */
Q8_INLINE void multiply(int rows, int vectors, int pairs, int chain, const int8_t **in, const int8_t *weights,
                        int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    int8x16_t w[4][2], next = load_pair(&in[0]);
    int16x8_t sums[MN_ARM_VECTORS];
    Q8_UNROLL for (int i = 0; i < pairs; i++) {
        Q8_UNROLL for (int h = 0; h < vectors / 2; h++) w[i][h] = vld1q_s8(weights + i * 32 + h * 16);
    }
    Q8_UNROLL for (int n = 0; n < rows * pairs; n++) {
        const int r = n / pairs, i = n % pairs;
        const int8x16_t x = next;
        if (n + 1 < rows * pairs) next = load_pair(&in[(n + 1) / pairs]);
        Q8_UNROLL for (int h = 0; h < vectors / 2; h++) {
            if (i % chain == 0) {
                sums[2 * h] = vmull_s8(vget_low_s8(w[i][h]), vget_low_s8(x));
                sums[2 * h + 1] = vmull_high_s8(w[i][h], x);
            } else {
                sums[2 * h] = vmlal_s8(sums[2 * h], vget_low_s8(w[i][h]), vget_low_s8(x));
                sums[2 * h + 1] = vmlal_high_s8(sums[2 * h + 1], w[i][h], x);
            }
        }
        keep(vectors, sums);
        if (i % chain < chain - 1) continue;
        Q8_UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = vpadalq_s16(acc[r][v], sums[v]);
    }
}

/* Adds `depth` products of each row, a multiple of 2; moves `in` and `panel` behind them. */
Q8_INLINE void add_products(int rows, int vectors, const int8_t **in, int32_t depth, mn_arm_panel *panel,
                            int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    const int8_t *weights = panel->weights, *end = weights + (ptrdiff_t)(depth & -MN_ARM_CHAINED) * MN_ARM_LANES;
    const uint8_t *chains = panel->chains;
    for (; weights < end; weights += MN_ARM_CHAINED * MN_ARM_LANES) {
        switch (*chains++) {
        case MN_ARM_CHAIN_4: multiply(rows, vectors, 4, 4, in, weights, acc); break;
        case MN_ARM_CHAIN_2: multiply(rows, vectors, 4, 2, in, weights, acc); break;
        default: multiply(rows, vectors, 4, 1, in, weights, acc); break;
        }
    }
    for (int32_t left = depth % MN_ARM_CHAINED; left > 0; left -= GROUP, weights += GROUP * MN_ARM_LANES) {
        multiply(rows, vectors, 1, 1, in, weights, acc);
    }
    panel->weights = weights;
    panel->chains = chains;
}

Q8_INLINE void open_sums(int rows, int vectors, const int32_t *bias, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        const int32x4_t four = vld1q_s32(bias + v * 4);
        Q8_UNROLL for (int r = 0; r < rows; r++) acc[r][v] = four;
    }
}

/* Sums of `depth` products of rows that lie `step` bytes apart. */
Q8_INLINE void sum_rows(int rows, int vectors, const int8_t *from, ptrdiff_t step, int32_t depth, mn_arm_panel *panel,
                        int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    const int8_t *in[ROWS];
    open_sums(rows, vectors, panel->channels->folded_bias, acc);
    Q8_UNROLL for (int r = 0; r < rows; r++) in[r] = from + r * step;
    add_products(rows, vectors, in, depth, panel, acc);
}

/* Sums of the products of `blocks` whole blocks (layouts.h), `step` bytes apart, and `depth` of one more. Rows of those
 * lie at distances that the compiler knows. */
Q8_INLINE void sum_blocks(int rows, int vectors, const int8_t *block, ptrdiff_t step, int32_t blocks, int32_t depth,
                          mn_arm_panel *panel, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    const int8_t *in[ROWS];
    open_sums(rows, vectors, panel->channels->folded_bias, acc);
    for (; blocks > 0; blocks--, block += step) {
        Q8_UNROLL for (int r = 0; r < rows; r++) in[r] = block + r * BLOCK;
        add_products(rows, vectors, in, BLOCK, panel, acc);
    }
    if (depth == 0) return;
    Q8_UNROLL for (int r = 0; r < rows; r++) in[r] = block + r * BLOCK;
    add_products(rows, vectors, in, depth, panel, acc);
}

/* Accumulators are those of one row. */
enum { SPLIT = 1 };
#define SUMMED(rows) (rows)

Q8_INLINE int32x4_t lanes_of(int rows, int row, const int32_t *each) {
    (void)rows;
    return vdupq_n_s32(each[row]);
}

Q8_INLINE void join_rows(int rows, int8x16_t bytes[ROWS]) { (void)rows, (void)bytes; }

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Products of pairs of rows with panels, eight of each row at a time, for the tiers that have dot products: a vector
 * holds the eight activations of a pair. They take as many phases as there are vectors of channels, and two vectors of
 * weights in each. What a phase needs is loaded in the one before it, as cores that run in order would wait.
 *
 * The including file has ROWS; LOADS_BLOCKS, whether assembly loads blocks as a whole; multiply(), a phase of a pair;
 * SKIP(vectors, phase), weights of channels that are not wanted behind those of a phase; TAIL(vectors), the phases for
 * four products. */
#ifndef MN_KERNELS_ARM_DOTS_Q8_TILE_H
#define MN_KERNELS_ARM_DOTS_Q8_TILE_H

#include "kernels/arm/dots_q8_asm.h"

/* Where the next activations are: rows apart, or blocks (layouts.h) in which rows follow one another. */
typedef struct source {
    const int8_t *row[ROWS];
    const int8_t *block;
    ptrdiff_t block_step;
} source;

/* The next eight of pair `p`: the first row's, or both rows' in blocks; and then the second row's. */
Q8_INLINE void load_first(int rows, bool in_blocks, int p, source *s, int8x16_t *x) {
    if (!in_blocks) {
        mn_arm_load_low(&s->row[2 * p], x);
    } else if (2 * p + 1 < rows) {
        __asm__ volatile("ldr %q0, %1" : "=w"(*x) : "m"(*(const int8_t(*)[16])(s->block + p * 16)));
    } else {
        __asm__ volatile("ldr %d0, %1" : "=w"(*x) : "m"(*(const int8_t(*)[8])(s->block + p * 16)));
    }
    if (in_blocks && 2 * p + 2 >= rows) s->block += s->block_step;
}

Q8_INLINE void load_second(int rows, bool in_blocks, int p, source *s, int8x16_t *x) {
    if (!in_blocks && 2 * p + 1 < rows) mn_arm_load_high(&s->row[2 * p + 1], x);
}

/* Eight products of each row; with `more` those behind them are loaded. */
Q8_TARGET Q8_INLINE void add_eight(int rows, int vectors, bool in_blocks, bool more, source *s, const int8_t **weights,
                                   int8x16_t x[], int8x16_t w[2], int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    const int pairs = (rows + 1) / 2;
    Q8_UNROLL for (int phase = 0; phase < vectors; phase++) {
        const bool loads = more || phase + 1 < vectors, is_last = phase + 1 == vectors;
        int8x16_t next[2] = {w[0], w[1]};
        *weights += SKIP(vectors, phase);
        if (loads) mn_arm_load_two(weights, next);
        Q8_UNROLL for (int p = 0; p < pairs; p++) {
            multiply(rows, vectors, phase, p, w, x[p], acc);
            if (!is_last || !more) continue;
            load_first(rows, in_blocks, p, s, &x[p]);
            if (p > 0) load_second(rows, in_blocks, p - 1, s, &x[p - 1]);
        }
        if (is_last && more) load_second(rows, in_blocks, pairs - 1, s, &x[pairs - 1]);
        w[0] = next[0], w[1] = next[1];
    }
}

/* Four products of each row. */
Q8_TARGET Q8_INLINE void add_four(int rows, int vectors, bool in_blocks, const source *s, const int8_t *weights,
                                  int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    const int pairs = (rows + 1) / 2;
    int8x16_t x[(ROWS + 1) / 2], w[2];
    Q8_UNROLL for (int p = 0; p < pairs; p++) {
        mn_arm_load_low_four(in_blocks ? s->block + p * 16 : s->row[2 * p], &x[p]);
        if (2 * p + 1 < rows) mn_arm_load_high_four(in_blocks ? s->block + p * 16 + 8 : s->row[2 * p + 1], &x[p]);
    }
    Q8_UNROLL for (int phase = 0; phase < TAIL(vectors); phase++) {
        mn_arm_load_two(&weights, w);
        Q8_UNROLL for (int p = 0; p < pairs; p++) multiply(rows, vectors, phase, p, w, x[p], acc);
        weights += SKIP(vectors, phase);
    }
}

/* Accumulators of half a panel after `depth` products, as the compiler has it. */
Q8_TARGET Q8_INLINE void sum_half(int rows, int vectors, bool in_blocks, const int8_t *in, ptrdiff_t step,
                                  ptrdiff_t next, int32_t depth, const mn_arm_panel *panel,
                                  int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    const int pairs = (rows + 1) / 2;
    const int8_t *weights = panel->weights;
    int32_t eights = depth / 8;
    source s = {.block = in, .block_step = next};
    Q8_UNROLL for (int r = 0; r < rows; r++) s.row[r] = in + r * step;
    Q8_UNROLL for (int r = 0; r < SUMMED(rows); r++) {
        Q8_UNROLL for (int v = 0; v < vectors; v++) {
            acc[r][v] = vld1q_s32(panel->channels[r % SPLIT].folded_bias + v * 4);
        }
    }
    if (eights > 0) {
        int8x16_t x[(ROWS + 1) / 2], w[2];
        mn_arm_load_two(&weights, w);
        Q8_UNROLL for (int p = 0; p < pairs; p++) load_first(rows, in_blocks, p, &s, &x[p]);
        Q8_UNROLL for (int p = 0; p < pairs; p++) load_second(rows, in_blocks, p, &s, &x[p]);
        while (--eights > 0) add_eight(rows, vectors, in_blocks, true, &s, &weights, x, w, acc);
        add_eight(rows, vectors, in_blocks, false, &s, &weights, x, w, acc);
    }
    if (depth % 8 != 0) add_four(rows, vectors, in_blocks, &s, weights, acc);
}

/* Those of a whole one. */
Q8_TARGET Q8_INLINE void sum_whole(int rows, bool in_blocks, const int8_t *in, ptrdiff_t step, ptrdiff_t next,
                                   int32_t depth, const mn_arm_panel *panel, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    const int8_t *weights = panel->weights;
    const int32_t *bias = panel->channels->folded_bias;
    switch (in_blocks && LOADS_BLOCKS ? -rows : rows) {
    case 1: SUM_EIGHTS(1, 2, ROWS); break;
    case 2: SUM_EIGHTS(2, 2, ROWS); break;
    case 3: SUM_EIGHTS(3, 4, ROWS); break;
    case 4: SUM_EIGHTS(4, 4, ROWS); break;
    case 5: SUM_EIGHTS(5, 6, ROWS); break;
    case 6: SUM_EIGHTS(6, 6, ROWS); break;
    case -1: SUM_EIGHTS(1, 2, BLOCKS); break;
    case -2: SUM_EIGHTS(2, 2, BLOCKS); break;
    case -3: SUM_EIGHTS(3, 4, BLOCKS); break;
    case -4: SUM_EIGHTS(4, 4, BLOCKS); break;
    case -5: SUM_EIGHTS(5, 6, BLOCKS); break;
    default: SUM_EIGHTS(6, 6, BLOCKS); break;
    }
}

Q8_TARGET Q8_INLINE void sum_products(int rows, int vectors, bool in_blocks, const int8_t *in, ptrdiff_t step,
                                      ptrdiff_t next, int32_t depth, const mn_arm_panel *panel,
                                      int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    if (vectors == MN_ARM_VECTORS) {
        sum_whole(rows, in_blocks, in, step, next, depth, panel, acc);
    } else {
        sum_half(rows, vectors, in_blocks, in, step, next, depth, panel, acc);
    }
}

/* Sums of `depth` products, a multiple of 4, of rows that lie `step` bytes apart. */
Q8_TARGET Q8_INLINE void sum_rows(int rows, int vectors, const int8_t *in, ptrdiff_t step, int32_t depth,
                                  mn_arm_panel *panel, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    sum_products(rows, vectors, false, in, step, BLOCK, depth, panel, acc);
}

/* Sums of the products of `blocks` whole blocks, `step` bytes apart, and `depth`, 0, 4 or 8, of one more. */
Q8_TARGET Q8_INLINE void sum_blocks(int rows, int vectors, const int8_t *in, ptrdiff_t step, int32_t blocks,
                                    int32_t depth, mn_arm_panel *panel, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    sum_products(rows, vectors, true, in, BLOCK, step, blocks * BLOCK + depth, panel, acc);
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Products of Armv8.0, which has no dot product: SMULL and SMLAL add two to four products of bytes up in 16 bits, as
 * many as the weights are known to leave room for (panel_q8.h), and SADALP adds pairs of those to 32. Eight activations
 * of a row are loaded at once, and TBL brings them, in the block's order, into the lanes of the channels that they are
 * multiplied for. Included by the files of this tier; see tile_q8.h. */
#include <string.h>

#include "kernels/arm/panel_q8.h"

#define Q8_TARGET
#ifdef __aarch64__
enum { ROWS = 4 };
#else
enum { ROWS = 2 }; /* of half as many registers */
#endif
enum { GROUP = 2, STEP = 2, BLOCK = 32 };

/* What the rows of a tile are multiplied by: blocks of eight products, and pairs behind them. */
typedef struct factors {
    const int8_t *in; /* of the first row */
    ptrdiff_t step;   /* from row to row */
    const int8_t *weights, *end;
    const uint8_t *chains;
    const int32_t *bias;
    ptrdiff_t left, skip; /* blocks until `skip` bytes are left out, and again behind every four */
    ptrdiff_t pairs, gap; /* pairs of products behind the blocks, and bytes that are left out before them */
} factors;

/* Eight activations where an order has them. */
#ifdef __aarch64__

#include "kernels/arm/multiply_neon.h"

enum { HAS_MULTIPLY = 1 };

Q8_INLINE int8x16_t arrange(int8x8_t eight, int8x16_t order) {
    return vqtbl1q_s8(vcombine_s8(eight, eight), vreinterpretq_u8_s8(order));
}

/* The next 32 weights. */
Q8_INLINE int8x16x2_t load_weights(const int8_t **from) {
    const int8x16_t low = vld1q_s8(*from), high = vld1q_s8(*from + 16);
    *from += 32;
    return (int8x16x2_t){{low, high}};
}

Q8_INLINE void add_sum(int32x4_t *acc, int16x8_t sum) { *acc = vpadalq_s16(*acc, sum); }

#else

enum { HAS_MULTIPLY = 0 };

Q8_INLINE void multiply(int rows, const factors *p, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    (void)rows, (void)p, (void)acc;
}

Q8_INLINE int8x16_t arrange(int8x8_t eight, int8x16_t order) {
    return vcombine_s8(vtbl1_s8(eight, vget_low_s8(order)), vtbl1_s8(eight, vget_high_s8(order)));
}

Q8_INLINE int8x16x2_t load_weights(const int8_t **from) {
    register int8x16_t low __asm__("q8"), high __asm__("q9");
    __asm__ volatile("vld1.8 {d16-d19}, [%2]!"
                     : "=w"(low), "=w"(high), "+r"(*from)
                     : "m"(*(const int8_t(*)[32]) * from));
    return (int8x16x2_t){{low, high}};
}

/* Now, not when there is time: compilers would load the weights of all vectors first, and spill them. */
Q8_INLINE void add_sum(int32x4_t *acc, int16x8_t sum) {
    *acc = vpadalq_s16(*acc, sum);
    __asm__ volatile("" : "+w"(*acc) : : "memory");
}

#endif

/* A block, `chain` products to a sum. */
Q8_INLINE void multiply_block(int rows, int vectors, int chain, const factors *p, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    const int8_t *order = mn_arm_orders[*p->chains];
    Q8_UNROLL for (int r = 0; r < rows; r++) {
        const int8x8_t eight = vld1_s8(p->in + r * p->step);
        const int8x16_t x[2] = {arrange(eight, vld1q_s8(order)), arrange(eight, vld1q_s8(order + 16))};
        const int8_t *from = p->weights;
        Q8_UNROLL for (int v = 0; v < vectors; v++) {
            const int8x16x2_t weights = load_weights(&from);
            int16x8_t sum = vdupq_n_s16(0);
            Q8_UNROLL for (int i = 0; i < 4; i++) {
                const int8x16_t w = weights.val[i / 2];
                if (i % chain == 0) {
                    sum = i % 2 ? vmull_high_s8(w, x[i / 2]) : vmull_s8(vget_low_s8(w), vget_low_s8(x[i / 2]));
                } else {
                    sum =
                        i % 2 ? vmlal_high_s8(sum, w, x[i / 2]) : vmlal_s8(sum, vget_low_s8(w), vget_low_s8(x[i / 2]));
                }
                if (i % chain == chain - 1) add_sum(&acc[r][v], sum);
            }
        }
    }
}

/* All blocks. Returns what is behind them of the first row. */
Q8_INLINE const int8_t *multiply_blocks(int rows, int vectors, const factors *all,
                                        int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    factors p = *all;
    while (p.weights < p.end) {
        if (*p.chains < MN_ARM_CHAIN_2) {
            multiply_block(rows, vectors, 4, &p, acc);
        } else if (*p.chains == MN_ARM_CHAIN_2) {
            multiply_block(rows, vectors, 2, &p, acc);
        } else {
            multiply_block(rows, vectors, 1, &p, acc);
        }
        p.in += MN_ARM_CHAINED;
        p.weights += MN_ARM_CHAINED * MN_ARM_LANES;
        p.chains++;
        if (--p.left == 0 && p.weights < p.end) p.in += p.skip, p.left = BLOCK / MN_ARM_CHAINED;
    }
    return p.in;
}

/* Pairs behind the blocks. */
Q8_INLINE void multiply_pairs(int rows, int vectors, const factors *p, const int8_t *in,
                              int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    for (ptrdiff_t i = 0; i < p->pairs; i++) {
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            int16_t pair;
            memcpy(&pair, in + r * p->step + i * 2, sizeof pair);
            const int8x16_t x = vreinterpretq_s8_s16(vdupq_n_s16(pair));
            Q8_UNROLL for (int v = 0; v < vectors; v += 2) {
                const int8x16_t w = vld1q_s8(p->end + i * 32 + v * 8);
                acc[r][v] = vpadalq_s16(acc[r][v], vmull_s8(vget_low_s8(w), vget_low_s8(x)));
                acc[r][v + 1] = vpadalq_s16(acc[r][v + 1], vmull_high_s8(w, x));
            }
        }
    }
}

/* The accumulators of a tile, of four channels each: bias and all products. */
Q8_INLINE void sum_all(int rows, int vectors, const factors *p, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    if (HAS_MULTIPLY && vectors == MN_ARM_VECTORS) {
        multiply(rows, p, acc);
        return;
    }
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        const int32x4_t four = vld1q_s32(p->bias + v * 4);
        Q8_UNROLL for (int r = 0; r < rows; r++) acc[r][v] = four;
    }
    multiply_pairs(rows, vectors, p, multiply_blocks(rows, vectors, p, acc) + p->gap, acc);
}

Q8_INLINE factors factors_of(const int8_t *in, ptrdiff_t step, int32_t depth, const mn_arm_panel *panel) {
    const uint32_t products = (uint32_t)depth; /* division without a sign */
    const ptrdiff_t blocks = (ptrdiff_t)(products / MN_ARM_CHAINED);
    return (factors){.in = in,
                     .step = step,
                     .weights = panel->weights,
                     .end = panel->weights + blocks * MN_ARM_CHAINED * MN_ARM_LANES,
                     .chains = panel->chains,
                     .bias = panel->channels->folded_bias,
                     .left = blocks,
                     .pairs = (ptrdiff_t)(products % MN_ARM_CHAINED / GROUP)};
}

/* Sums of `depth` products of rows that lie `step` bytes apart. */
Q8_INLINE void sum_rows(int rows, int vectors, const int8_t *from, ptrdiff_t step, int32_t depth, mn_arm_panel *panel,
                        int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    const factors p = factors_of(from, step, depth, panel);
    sum_all(rows, vectors, &p, acc);
}

/* Sums of the products of `blocks` whole blocks (layouts.h), `step` bytes apart, and `depth` of one more. */
Q8_INLINE void sum_blocks(int rows, int vectors, const int8_t *block, ptrdiff_t step, int32_t blocks, int32_t depth,
                          mn_arm_panel *panel, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    factors p = factors_of(block, BLOCK, blocks * BLOCK + depth, panel);
    p.skip = step - BLOCK;
    if (blocks > 0) p.left = BLOCK / MN_ARM_CHAINED;
    if (blocks > 0 && depth < MN_ARM_CHAINED) p.gap = p.skip;
    sum_all(rows, vectors, &p, acc);
}

/* Accumulators are those of one row. */
enum { SPLIT = 1 };
#define SUMMED(rows) (rows)

Q8_INLINE int32x4_t lanes_of(int rows, int row, const int32_t *each) {
    (void)rows;
    return vdupq_n_s32(each[row]);
}

Q8_INLINE void join_rows(int rows, int8x16_t bytes[ROWS]) { (void)rows, (void)bytes; }

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Depthwise 3x3 filters of multiplier 1, 16 channels at a time, over rows of cells: a cell is 16 channels of a pixel as
 * signed bytes, and padding is cells that hold the zero point. */
#ifndef MN_KERNELS_ARM_TAPS_Q8_H
#define MN_KERNELS_ARM_TAPS_Q8_H

#include "kernels/arm/q8.h"

#ifdef MN_CPU_NEON_COMPILES

enum { MN_ARM_TAPS = 9, MN_ARM_FILTER = 3, MN_ARM_HALF = MN_ARM_LANES / 2 };

/** How products of a half, 8 channels, are added up: in 16 bits, in three to five chains of products whose |weights|
 * add up to 255 at most, as panel_q8.h has it; or, as uint8 weights less their zero point may need 9 bits, each in 32.
 */
typedef enum mn_arm_taps_kind {
    MN_ARM_TAPS_3_CHAINS,
    MN_ARM_TAPS_4_CHAINS,
    MN_ARM_TAPS_5_CHAINS,
    MN_ARM_TAPS_WIDE
} mn_arm_taps_kind;

/** The order of products in chains, and after which of them chains end, a bit each. Corners of filters are small, so
 * they go with others: of the ways to make three chains and to make one of three products these fit most often. */
typedef struct mn_arm_taps_order {
    int8_t tap[MN_ARM_TAPS];
    int16_t ends;
} mn_arm_taps_order;

static const mn_arm_taps_order mn_arm_taps_orders[] = {
    [MN_ARM_TAPS_3_CHAINS] = {{0, 4, 8, 1, 5, 6, 2, 3, 7}, 1 << 2 | 1 << 5 | 1 << 8},
    [MN_ARM_TAPS_4_CHAINS] = {{2, 3, 8, 0, 1, 4, 5, 6, 7}, 1 << 2 | 1 << 4 | 1 << 6 | 1 << 8},
    [MN_ARM_TAPS_5_CHAINS] = {{0, 1, 2, 3, 4, 5, 6, 7, 8}, 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7 | 1 << 8},
};

/** 16 channels as packed: taps by filter columns, then rows. */
typedef struct mn_arm_taps {
    mn_arm_channels channels;
    int8_t weights[MN_ARM_TAPS][MN_ARM_LANES];
    int16_t wide[MN_ARM_TAPS][MN_ARM_LANES]; /* less their zero point */
    /* For dot products: of each filter column and four channels, [4 channels][rows 0, 1, 2 and none]. */
    int8_t dots[MN_ARM_FILTER][MN_ARM_VECTORS][MN_ARM_LANES];
    int8_t kind[2]; /* mn_arm_taps_kind of each half */
} mn_arm_taps;

/** Is this a depthwise convolution that can be computed here? */
bool mn_arm_taps_fit(const mn_conv_params *p);

/** Bytes of all channels, and their weights packed. */
size_t mn_arm_taps_bytes(int32_t channels);
void mn_arm_taps_pack(const mn_conv_params *p, mn_type type, const void *weights, const int32_t *bias,
                      mn_arm_taps *out);

/** A row of outputs. */
typedef struct mn_arm_line {
    const int8_t *rows[MN_ARM_FILTER]; /* cells under the filter, from the first column that it meets */
    int32_t width, stride;             /* outputs; 1 or 2 cells from one to the next */
    const mn_arm_taps *taps;
    mn_arm_finish finish;
    uint8_t *out;
    ptrdiff_t out_step, half_step; /* bytes from pixel to pixel, and from the lower eight channels to the upper ones */
    int32_t count;                 /* channels that exist, at most 16 */
    int32_t stored;                /* bytes, from `count` on 0 */
} mn_arm_line;

/** For each tier. */
void mn_arm_line_neon(const mn_arm_line *line);
#ifdef MN_CPU_DOTPROD_COMPILES
void mn_arm_line_dotprod(const mn_arm_line *line);
#endif

/** Cells of a row: all that the filters of one row of outputs meet. */
static inline int32_t mn_arm_cells(const mn_window *w) { return (w->out_w - 1) * w->stride_w + MN_ARM_FILTER; }

/** Fills `count` cells with the zero point. */
static inline void mn_arm_cells_fill(int8_t *cells, int32_t count, int32_t zero) {
    const int8x16_t cell = vdupq_n_s8((int8_t)zero);
    for (int32_t i = 0; i < count; i++) vst1q_s8(cells + (ptrdiff_t)i * MN_ARM_LANES, cell);
}

#endif
#endif

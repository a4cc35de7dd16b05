/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Depthwise 3x3 filters of multiplier 1, 16 channels at a time, over rows of cells: a cell is 16 channels of a pixel as
 * signed bytes, and padding is cells that hold the zero point. */
#ifndef MN_KERNELS_ARM_TAPS_Q8_H
#define MN_KERNELS_ARM_TAPS_Q8_H

#include "kernels/arm/q8.h"

#ifdef MN_CPU_NEON_COMPILES

enum { MN_ARM_TAPS = 9, MN_ARM_FILTER = 3, MN_ARM_HALF = MN_ARM_LANES / 2 };

/** How products of a half, 8 channels, are added up: in 16 bits, in two to five chains of products whose |weights|
 * add up to 255 at most, as panel_q8.h has it; or, as uint8 weights less their zero point may need 9 bits, each in 32.
 */
typedef enum mn_arm_taps_kind {
    MN_ARM_TAPS_2_CHAINS,
    MN_ARM_TAPS_3_CHAINS,
    MN_ARM_TAPS_3_SHARING,
    MN_ARM_TAPS_4_SHARING,
    MN_ARM_TAPS_5_CHAINS,
    MN_ARM_TAPS_WIDE
} mn_arm_taps_kind;

/** The order of products in chains, and after which of them chains end, a bit each. Where chains share, the weight of
 * one tap is in two products, as much of it in each as there is room for. Of all ways to make so many chains these fit
 * most often. */
enum { MN_ARM_PRODUCTS = MN_ARM_TAPS + 1 };
typedef struct mn_arm_taps_order {
    int8_t tap[MN_ARM_PRODUCTS];
    int16_t ends;
} mn_arm_taps_order;

static const mn_arm_taps_order mn_arm_taps_orders[] = {
    [MN_ARM_TAPS_2_CHAINS] = {{3, 5, 7, 8, 0, 1, 2, 4, 6}, 1 << 3 | 1 << 8},
    [MN_ARM_TAPS_3_CHAINS] = {{0, 4, 8, 1, 5, 6, 2, 3, 7}, 1 << 2 | 1 << 5 | 1 << 8},
    [MN_ARM_TAPS_3_SHARING] = {{0, 2, 7, 3, 4, 5, 5, 1, 6, 8}, 1 << 2 | 1 << 5 | 1 << 9},
    [MN_ARM_TAPS_4_SHARING] = {{0, 7, 8, 8, 4, 5, 1, 3, 2, 6}, 1 << 2 | 1 << 5 | 1 << 7 | 1 << 9},
    [MN_ARM_TAPS_5_CHAINS] = {{0, 1, 2, 3, 4, 5, 6, 7, 8}, 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7 | 1 << 8},
};

/** How many products that makes. */
static inline int mn_arm_products_of(mn_arm_taps_kind kind) {
    return MN_ARM_TAPS + (kind == MN_ARM_TAPS_3_SHARING || kind == MN_ARM_TAPS_4_SHARING);
}

/** 16 channels as packed: taps by filter columns, then rows. */
typedef struct mn_arm_taps {
    mn_arm_channels channels;
    int8_t weights[MN_ARM_PRODUCTS][MN_ARM_LANES]; /* in the order of each half's products */
    int16_t wide[MN_ARM_TAPS][MN_ARM_LANES];       /* less their zero point */
    /* For dot products: of each filter column and four channels, [4 channels][rows 0, 1, 2 and none]. */
    int8_t dots[MN_ARM_FILTER][MN_ARM_VECTORS][MN_ARM_LANES];
    int8_t kind[2]; /* mn_arm_taps_kind of each half */
    bool is_bytes;  /* weights less their zero point fit bytes, so that there are dots */
} mn_arm_taps;

/** Is this a depthwise convolution that can be computed here? */
bool mn_arm_taps_fit(const mn_conv_params *p);

/** Bytes of all channels, and their weights packed. */
size_t mn_arm_taps_bytes(int32_t channels);
void mn_arm_taps_pack(const mn_conv_params *p, mn_type type, const void *weights, const int32_t *bias,
                      mn_arm_taps *out);

/** Rows of outputs of one call, at most, and of cells under them. */
enum { MN_ARM_MAX_LINES = 16, MN_ARM_MAX_ROWS = (MN_ARM_MAX_LINES - 1) * 2 + MN_ARM_FILTER };

/** Rows of outputs. */
typedef struct mn_arm_lines {
    const int8_t *rows[MN_ARM_MAX_ROWS]; /* cells under the filters, each from the first column that they meet */
    int32_t lines;                       /* rows of outputs */
    int32_t width, stride;               /* outputs of a row; 1 or 2 cells from one to the next, either way */
    const mn_arm_taps *taps;
    mn_arm_finish finish;
    uint8_t *out;
    /* Bytes from row to row, from pixel to pixel, and from the lower eight channels to the upper ones. */
    ptrdiff_t out_row, out_step, half_step;
    int32_t count;  /* channels that exist, at most 16 */
    int32_t stored; /* bytes, from `count` on 0 */
} mn_arm_lines;

/** For each tier. */
void mn_arm_lines_neon(const mn_arm_lines *l);
#ifdef MN_CPU_DOTPROD_COMPILES
void mn_arm_lines_dotprod(const mn_arm_lines *l);
#endif

/** Cells of a row: all that the filters of one row of outputs meet. */
static inline int32_t mn_arm_cells(const mn_window *w) { return (w->out_w - 1) * w->stride_w + MN_ARM_FILTER; }

/** Of 16 channels as many rows of cells lie in a ring as some of the nearest cache holds: those of `lines` rows of
 * outputs, computed in one call. */
typedef struct mn_arm_ring {
    int32_t lines, rows;
    size_t row_bytes, bytes;
} mn_arm_ring;

static inline mn_arm_ring mn_arm_ring_of(const mn_window *w) {
    enum { BYTES = 6 * 1024 };
    mn_arm_ring ring = {.row_bytes = (size_t)mn_arm_cells(w) * MN_ARM_LANES};
    const int32_t rows = (int32_t)(BYTES / ring.row_bytes);
    ring.lines = mn_clamp_i32((rows - MN_ARM_FILTER) / w->stride_h + 1, 2, mn_min_i32(w->out_h, MN_ARM_MAX_LINES));
    ring.rows = (ring.lines - 1) * w->stride_h + MN_ARM_FILTER;
    ring.bytes = ring.row_bytes * (size_t)ring.rows;
    return ring;
}

/** Fills `count` cells with the zero point. */
static inline void mn_arm_cells_fill(int8_t *cells, int32_t count, int32_t zero) {
    const int8x16_t cell = vdupq_n_s8((int8_t)zero);
    for (int32_t i = 0; i < count; i++) vst1q_s8(cells + (ptrdiff_t)i * MN_ARM_LANES, cell);
}

#endif
#endif

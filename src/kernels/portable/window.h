/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Where a sliding window lies on the image; the taps themselves are the reference's mn_taps. */
#ifndef MN_KERNELS_PORTABLE_WINDOW_H
#define MN_KERNELS_PORTABLE_WINDOW_H

#include "kernels/ref/ref.h"

/** The filter rows that meet the image for row `unit % out_h` of the output. */
static inline mn_taps mn_window_rows(const mn_window *w, int32_t unit) {
    return mn_taps_inside(unit % w->out_h, w->stride_h, w->pad_top, w->dilation_h, w->k_h, w->in_h);
}

/** The filter columns that meet the image for column `x` of the output. */
static inline mn_taps mn_window_cols(const mn_window *w, int32_t x) {
    return mn_taps_inside(x, w->stride_w, w->pad_left, w->dilation_w, w->k_w, w->in_w);
}

/** Element of the input, whose memory holds `ring` rows (0: all), under filter row `ky` and column `kx`, which must
 * meet the image. */
static inline size_t mn_window_at(const mn_window *w, int32_t ring, int32_t unit, mn_taps rows, int32_t ky,
                                  mn_taps cols, int32_t kx) {
    return mn_input_offset(w, ring, unit / w->out_h, rows.origin + (int64_t)ky * w->dilation_h,
                           cols.origin + (int64_t)kx * w->dilation_w);
}

/** Cells of a pool's window that lie on the image. */
typedef struct mn_pool_cells {
    const mn_window *window;
    int32_t ring, batch, rows, cols;
    int64_t y, x; /* the first one */
} mn_pool_cells;

/** Those of column `x` of row `unit % out_h`, in memory that holds `ring` rows (0: all). */
static inline mn_pool_cells mn_pool_cells_at(const mn_window *w, int32_t ring, int32_t unit, int32_t x) {
    const mn_taps ty = mn_taps_inside(unit % w->out_h, w->stride_h, w->pad_top, 1, w->k_h, w->in_h);
    const mn_taps tx = mn_taps_inside(x, w->stride_w, w->pad_left, 1, w->k_w, w->in_w);
    return (mn_pool_cells){.window = w,
                           .ring = ring,
                           .batch = unit / w->out_h,
                           .rows = ty.end - ty.begin,
                           .cols = tx.end - tx.begin,
                           .y = ty.origin + ty.begin,
                           .x = tx.origin + tx.begin};
}

/** Element of the first cell of row `y` of them. */
static inline size_t mn_pool_cells_row(const mn_pool_cells *c, int32_t y) {
    return mn_input_offset(c->window, c->ring, c->batch, c->y + y, c->x);
}

/** Weights of one output channel of a convolution. */
static inline int64_t mn_window_depth(const mn_window *w) { return (int64_t)w->k_h * w->k_w * w->in_c; }

#endif

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

/** Weights of one output channel of a convolution. */
static inline int64_t mn_window_depth(const mn_window *w) { return (int64_t)w->k_h * w->k_w * w->in_c; }

#endif

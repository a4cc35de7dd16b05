/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a convolution with the mean behind it takes, for vectors of any width. */
#ifndef MN_KERNELS_X86_CONV_MEAN_Q8_H
#define MN_KERNELS_X86_CONV_MEAN_Q8_H

#include "kernels/params.h"
#include "kernels/x86/q8.h"

/* Every thread brings the whole image into order for itself; this much of it stays in its L2. Sums of so few pixels,
 * and their quotients, are floats exactly. */
enum { MN_CONV_MEAN_Q8_BYTES = 128 * 1024, MN_CONV_MEAN_Q8_PIXELS = 1 << 15 };

/** `depth`: bytes of a pixel in that order. */
static inline bool mn_conv_mean_q8_fits(const mn_conv_mean_params *p, int32_t depth) {
    const mn_window *w = &p->conv.window;
    const int64_t pixels = (int64_t)w->in_h * w->in_w;
    if (p->conv.groups != 1 || !mn_window_is_pointwise(w) || w->in_c > MN_Q8_MAX_DEPTH) return false;
    if (!mn_requant_fits(p->conv.shift, w->out_c)) return false;
    if (p->pooling == MN_POOLING_NONE) return false;
    if (p->pooling == MN_POOLING_MEAN && p->mean.shift > 0) return false;
    return pixels <= MN_CONV_MEAN_Q8_PIXELS && pixels * depth <= MN_CONV_MEAN_Q8_BYTES;
}

/** How the sum of a channel's centred results becomes what is stored: through `mean` for MN_POOLING_MEAN, after the
 *  number returned is added. */
static inline int32_t mn_conv_mean_q8_offset(const mn_conv_mean_params *p, mn_type type, mn_requant *mean) {
    const int32_t pixels = p->conv.window.in_h * p->conv.window.in_w;
    const int32_t centre = type == MN_UINT8 ? 128 : 0; /* stored values are centred ones plus this */
    if (p->pooling != MN_POOLING_MEAN) return pixels * centre;
    mn_requant_fill_exact(mean, p->mean.multiplier, p->mean.shift, p->mean.out_zero - centre);
    return pixels * (centre - p->mean.in_zero);
}

#endif

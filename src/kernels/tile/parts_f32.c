/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/tile/parts_f32.h"

enum { TAPS = 3, MOST_LANES = 16 };

static bool reaches_one_cell(int32_t in, int32_t stride, int32_t pad, int32_t out) {
    return pad <= 1 && (int64_t)(out - 1) * stride - pad + TAPS <= (int64_t)in + 1;
}

bool mn_strip_f32_fits(const mn_window *w) {
    return w->k_h == TAPS && w->k_w == TAPS && w->dilation_h == 1 && w->dilation_w == 1 && w->out_c == w->in_c &&
           w->stride_h == w->stride_w && w->stride_h <= 2 &&
           reaches_one_cell(w->in_h, w->stride_h, w->pad_top, w->out_h) &&
           reaches_one_cell(w->in_w, w->stride_w, w->pad_left, w->out_w);
}

int32_t mn_strip_f32_rows(const mn_window *w, int32_t row, int32_t left, int32_t most) {
    const int32_t top = row * w->stride_h - w->pad_top, rows = left < most ? left : most;
    return w->stride_h > 1 || top < 0 || top + rows - 1 + TAPS > w->in_h ? 1 : rows;
}

void mn_strip_f32_row(mn_strip *s, int32_t i, const float *row, ptrdiff_t stride) {
    static const float zeros[MOST_LANES];
    s->in[i] = row ? row : zeros;
    s->in_stride[i] = row ? stride : 0;
}

mn_tiles mn_tiles_of(const mn_span *s) {
    return (mn_tiles){.in = s->in,
                      .in_stride = s->in_stride,
                      .runs = s->runs,
                      .last = s->runs.length,
                      .weights = s->weights,
                      .panel_stride = s->panel_stride,
                      .bias = s->bias,
                      .range = s->range,
                      .out = s->out,
                      .out_stride = s->out_c,
                      .pixels = s->count,
                      .channels = s->out_c};
}

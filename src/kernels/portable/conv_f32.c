/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float convolution: 16 output channels x 2 pixels at a time, straight from the image (no im2col). */
#include "base/checked.h"
#include "kernels/kernels.h"
#include "kernels/params.h"
#include "kernels/portable/pack.h"
#include "kernels/portable/window.h"

/* Pixels that meet all panels before the next pixels are fetched: at 960 channels they take 240 KB, inside L2. */
enum { TILE = 64 };

/* Neighbouring pixels of one output row that see the same taps. */
typedef struct span {
    const float *in; /* the first pixel's first run */
    ptrdiff_t in_step;
    const float *weights; /* the first run's k in the first panel */
    mn_runs runs;
    float *out;
    int32_t count;
} span;

bool mn_conv_f32_portable_need(const void *params, mn_kernel_need *need) {
    const mn_conv_params *p = params;
    need->scratch_bytes = 0;
    return p->groups == 1 && mn_panels_bytes(p->window.out_c, mn_window_depth(&p->window), &need->packed_bytes);
}

void mn_conv_f32_portable_pack(const void *params, const void *const *constants, void *packed) {
    const mn_conv_params *p = params;
    mn_panels_pack(constants[1], p->window.out_c, mn_window_depth(&p->window), packed);
}

static void run_tile(const mn_conv_params *p, const float *bias, const span *s) {
    int32_t out_c = p->window.out_c;
    const float *panel = s->weights;
    for (int32_t c = 0; c < out_c; c += MN_PANEL, panel += mn_window_depth(&p->window) * MN_PANEL) {
        int32_t channels = mn_min_i32(MN_PANEL, out_c - c);
        for (int32_t i = 0; i < s->count; i += MN_PAIR) {
            int32_t next = mn_min_i32(i + 1, s->count - 1);
            const float *in[MN_PAIR] = {s->in + i * s->in_step, s->in + next * s->in_step};
            float sums[MN_PAIR][MN_PANEL];
            mn_panel_sums(in, &s->runs, panel, sums);
            for (int32_t j = 0; j <= next - i; j++) {
                float *out = s->out + (ptrdiff_t)(i + j) * out_c + c;
                mn_panel_finish(sums[j], bias == NULL ? NULL : bias + c, p->range_f32, channels, out);
            }
        }
    }
}

static void run_span(const mn_conv_params *p, const float *bias, span s) {
    for (int32_t left = s.count; left > 0; left -= TILE) {
        s.count = mn_min_i32(left, TILE);
        run_tile(p, bias, &s);
        s.in += s.count * s.in_step;
        s.out += (ptrdiff_t)s.count * p->window.out_c;
    }
}

/* The runs of a pixel that sees `rows` x `cols`: whole stretches of a row where the taps are neighbours. */
static mn_runs runs_of(const mn_window *w, mn_taps rows, mn_taps cols) {
    bool dense = w->dilation_w == 1;
    int32_t width = cols.end - cols.begin;
    return (mn_runs){
        .rows = rows.end - rows.begin,
        .cols = dense ? 1 : width,
        .length = dense ? width * w->in_c : w->in_c,
        .in_row = (ptrdiff_t)w->dilation_h * w->in_w * w->in_c,
        .in_col = (ptrdiff_t)w->dilation_w * w->in_c,
        .k_row = (ptrdiff_t)w->k_w * w->in_c,
        .k_col = w->in_c,
    };
}

/* Columns from `x` on that see the taps `cols` sees: many where all taps meet the image, else one. */
static int32_t alike(const mn_window *w, int32_t x, mn_taps cols) {
    if (cols.begin != 0 || cols.end != w->k_w) return 1;
    int64_t last = cols.origin + (int64_t)(w->k_w - 1) * w->dilation_w;
    int64_t count = (w->in_w - 1 - last) / w->stride_w + 1;
    return count < w->out_w - x ? (int32_t)count : w->out_w - x;
}

static void run_row(const mn_task *task, int32_t unit) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    mn_taps rows = mn_window_rows(w, unit);
    for (int32_t x = 0, count; x < w->out_w; x += count) {
        mn_taps cols = mn_window_cols(w, x);
        count = alike(w, x, cols);
        span s = {
            .in = task->inputs[0],
            .in_step = (ptrdiff_t)w->stride_w * w->in_c,
            .weights = task->packed,
            .runs = runs_of(w, rows, cols),
            .out = (float *)task->output + ((ptrdiff_t)unit * w->out_w + x) * w->out_c,
            .count = count,
        };
        if (rows.begin < rows.end && cols.begin < cols.end) {
            s.in += mn_window_at(w, unit, rows, rows.begin, cols, cols.begin);
            s.weights += (rows.begin * s.runs.k_row + cols.begin * s.runs.k_col) * MN_PANEL;
        }
        run_span(p, task->inputs[2], s);
    }
}

void mn_conv_f32_portable(const mn_task *task, int32_t begin, int32_t end) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    if (mn_window_is_pointwise(w)) { /* rows follow each other in input and output: one long row */
        ptrdiff_t first = (ptrdiff_t)begin * w->out_w;
        run_span(p, task->inputs[2],
                 (span){
                     .in = (const float *)task->inputs[0] + first * w->in_c,
                     .in_step = w->in_c,
                     .weights = task->packed,
                     .runs = {.rows = 1, .cols = 1, .length = w->in_c},
                     .out = (float *)task->output + first * w->out_c,
                     .count = (end - begin) * w->out_w,
                 });
        return;
    }
    for (int32_t unit = begin; unit < end; unit++) run_row(task, unit);
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float convolution: 16 output channels x 2 pixels at a time, straight from the image (no im2col). */
#include "kernels/portable/conv_f32.h"
#include "base/checked.h"
#include "kernels/kernels.h"
#include "kernels/params.h"
#include "kernels/portable/window.h"

bool mn_conv_f32_portable_need(const void *params, mn_kernel_need *need) {
    const mn_conv_params *p = params;
    need->workspace_bytes = 0;
    return p->groups == 1 &&
           mn_packed_bytes(&mn_panels_layout, p->window.out_c, mn_window_depth(&p->window), &need->packed_bytes);
}

void mn_conv_f32_portable_pack(const void *params, const void *const *constants, void *packed) {
    const mn_conv_params *p = params;
    const mn_raw_weights raw = mn_raw_rows(constants[1], MN_FLOAT32, p->window.out_c, mn_window_depth(&p->window));
    mn_packed_write(&raw, &mn_panels_layout, packed);
}

const mn_kernel_traits mn_conv_f32_portable_traits = {
    .need = mn_conv_f32_portable_need, .pack = mn_conv_f32_portable_pack, .rings = true};

static void run_portable(const mn_span *s) {
    const float *panel = s->weights;
    for (int32_t c = 0; c < s->out_c; c += MN_PANEL, panel += s->panel_stride) {
        int32_t channels = mn_min_i32(MN_PANEL, s->out_c - c);
        for (int32_t i = 0; i < s->count; i += MN_PAIR) {
            int32_t next = mn_min_i32(i + 1, s->count - 1);
            const float *in[MN_PAIR] = {s->in + i * s->in_stride, s->in + next * s->in_stride};
            float acc[MN_PAIR][MN_PANEL];
            mn_panel_multiply(in, &s->runs, panel, acc);
            for (int32_t j = 0; j <= next - i; j++) {
                float *out = s->out + (ptrdiff_t)(i + j) * s->out_c + c;
                mn_panel_finish(acc[j], s->bias == NULL ? NULL : s->bias + c, s->range, channels, out);
            }
        }
    }
}

/* Runs a span of any length in parts. */
static void run_parts(mn_span s, mn_span_fn *run) {
    for (int32_t left = s.count; left > 0; left -= MN_SPAN_PIXELS) {
        s.count = mn_min_i32(left, MN_SPAN_PIXELS);
        run(&s);
        s.in += s.count * s.in_stride;
        s.out += (ptrdiff_t)s.count * s.out_c;
    }
}

/* What all spans of a task have in common. */
static mn_span span_of(const mn_task *task) {
    const mn_conv_params *p = task->params;
    return (mn_span){
        .in = task->inputs[0],
        .in_stride = (ptrdiff_t)p->window.stride_w * p->window.in_c,
        .weights = task->packed,
        .panel_stride = (ptrdiff_t)mn_window_depth(&p->window) * MN_PANEL,
        .out = task->output,
        .out_c = p->window.out_c,
        .bias = task->inputs[2],
        .range = p->range_f32,
    };
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
static int32_t alike(const mn_window *w, int32_t x, int32_t end, mn_taps cols) {
    if (cols.begin != 0 || cols.end != w->k_w) return 1;
    int64_t last = cols.origin + (int64_t)(w->k_w - 1) * w->dilation_w;
    int64_t count = (w->in_w - 1 - last) / w->stride_w + 1;
    return count < end - x ? (int32_t)count : end - x;
}

/* Where the rows of runs whose first element is `first` pass the end of a ring. */
static void wrap_runs(const mn_window *w, int32_t ring, ptrdiff_t first, mn_runs *runs) {
    const ptrdiff_t row = (ptrdiff_t)w->in_w * w->in_c, left = ring - first / row;
    runs->wrap = (int32_t)((left - 1) / w->dilation_h + 1);
    runs->back = ring * row;
}

mn_stretch mn_conv_stretch(const mn_window *w, int32_t ring, int32_t unit, int32_t x, int32_t end) {
    const mn_taps rows = mn_window_rows(w, unit), cols = mn_window_cols(w, x);
    mn_stretch s = {.runs = runs_of(w, rows, cols), .count = alike(w, x, end, cols)};
    if (rows.begin < rows.end && cols.begin < cols.end) {
        s.in = (ptrdiff_t)mn_window_at(w, ring, unit, rows, rows.begin, cols, cols.begin);
        s.k = rows.begin * s.runs.k_row + cols.begin * s.runs.k_col;
        if (ring > 0) wrap_runs(w, ring, s.in, &s.runs);
    }
    return s;
}

static void run_row(const mn_task *task, int32_t unit, mn_span_fn *run) {
    const mn_window *w = &((const mn_conv_params *)task->params)->window;
    for (int32_t x = 0, count; x < w->out_w; x += count) {
        const mn_stretch stretch = mn_conv_stretch(w, task->in_ring, unit, x, w->out_w);
        mn_span s = span_of(task);
        s.in += stretch.in;
        s.weights += stretch.k * MN_PANEL;
        s.runs = stretch.runs;
        s.out += (ptrdiff_t)mn_output_offset(w, task->out_ring, unit) + (ptrdiff_t)x * w->out_c;
        s.count = count = stretch.count;
        run_parts(s, run);
    }
}

/* Rows of a pointwise convolution follow each other in input and output: one long span. */
static void run_pointwise(const mn_task *task, int32_t begin, int32_t end, mn_span_fn *run) {
    const mn_window *w = &((const mn_conv_params *)task->params)->window;
    ptrdiff_t first = (ptrdiff_t)begin * w->out_w;
    mn_span s = span_of(task);
    s.in += first * w->in_c;
    s.runs = (mn_runs){.rows = 1, .cols = 1, .length = w->in_c};
    s.out += first * w->out_c;
    s.count = (end - begin) * w->out_w;
    run_parts(s, run);
}

void mn_conv_f32_spans(const mn_task *task, int32_t begin, int32_t end, mn_span_fn *run) {
    const bool whole = task->in_ring == 0 && task->out_ring == 0;
    if (whole && mn_window_is_pointwise(&((const mn_conv_params *)task->params)->window)) {
        run_pointwise(task, begin, end, run);
    } else {
        for (int32_t unit = begin; unit < end; unit++) run_row(task, unit, run);
    }
}

void mn_conv_f32_portable(const mn_task *task, int32_t begin, int32_t end) {
    mn_conv_f32_spans(task, begin, end, run_portable);
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What kernels of streamed plans must do. One that honours rings runs a few output rows at a time: its input holds no
 * more rows than those need, everything else in it is noise, and so does its output. One whose rows or elements are
 * alike computes any of them as its first units, between guard bands. */
#include "base/checked.h"
#include "checkkernels/check.h"

#include <stdio.h>
#include <string.h>

/* Rows [begin, end) of all images. */
typedef struct span {
    int32_t begin, end;
} span;

static const mn_window *window_of(mn_kernel_op op, const check_case *c) {
    return op == MN_K_CONV || op == MN_K_DEPTHWISE ? &c->params.conv.window : &c->params.pool.window;
}

/* The input rows under output row `row`. */
static span rows_under(const mn_window *w, int32_t row, int32_t dilation) {
    const int32_t image = row / w->out_h * w->in_h, top = row % w->out_h * w->stride_h - w->pad_top;
    const int32_t bottom = top + (w->k_h - 1) * dilation + 1;
    return (span){image + mn_clamp_i32(top, 0, w->in_h), image + mn_clamp_i32(bottom, 0, w->in_h)};
}

/* The input rows under some output rows, which must not be none. */
static span rows_under_all(const mn_window *w, span out, int32_t dilation) {
    span all = rows_under(w, out.begin, dilation);
    for (int32_t row = out.begin + 1; row < out.end; row++) {
        const span one = rows_under(w, row, dilation);
        if (one.begin < one.end) all.end = mn_max_i32(all.end, one.end);
    }
    return all;
}

/* Copies rows between memory of all of them and a ring. */
static void copy_rows(uint8_t *ring, int32_t rows, uint8_t *all, size_t bytes, span which, bool into_ring) {
    for (int32_t row = which.begin; row < which.end; row++) {
        uint8_t *place = ring + (size_t)(row % rows) * bytes, *at = all + (size_t)row * bytes;
        memcpy(into_ring ? place : at, into_ring ? at : place, bytes);
    }
}

static span next_slice(check_rng *r, int32_t begin, int32_t units) {
    return (span){begin, mn_min_i32(units, begin + check_between(r, 1, 3))};
}

/* The most input rows under one slice, when slices are drawn from `r`. */
static int32_t most_rows(const mn_window *w, check_rng r, int32_t units, int32_t dilation) {
    int32_t most = 1;
    for (span s = next_slice(&r, 0, units);; s = next_slice(&r, s.end, units)) {
        const span under = rows_under_all(w, s, dilation);
        most = mn_max_i32(most, under.end - under.begin);
        if (s.end == units) return most;
    }
}

bool check_rings(const mn_kernel *kernel, const check_case *c, check_rng *r, const mn_task *whole, uint8_t *got) {
    const mn_window *w = window_of(kernel->op, c);
    const bool pool = kernel->op == MN_K_AVERAGE_POOL || kernel->op == MN_K_MAX_POOL;
    const int32_t dilation = pool ? 1 : w->dilation_h;
    const size_t in_row = c->inputs[0].bytes / (size_t)(w->batches * w->in_h);
    const size_t out_row = c->out_bytes / (size_t)c->units;
    mn_task task = *whole;
    task.out_ring = check_between(r, 3, 5);
    check_rng slices = {.state = check_next(r)};
    task.in_ring = most_rows(w, slices, c->units, dilation) + check_between(r, 0, 2);
    check_buffer in, out;
    check_buffer_open(&in, r, in_row * (size_t)task.in_ring, mn_type_size(kernel->in));
    check_buffer_open(&out, r, out_row * (size_t)task.out_ring, mn_type_size(kernel->out));
    const void *inputs[CHECK_INPUTS];
    memcpy(inputs, whole->inputs, sizeof inputs);
    inputs[0] = in.data;
    task.inputs = inputs;
    task.output = out.data;
    for (span s = {0, 0}; s.end < c->units;) {
        s = next_slice(&slices, s.end, c->units);
        check_buffer_poison(&in, r);
        check_buffer_poison(&out, r);
        copy_rows(in.data, task.in_ring, c->inputs[0].data, in_row, rows_under_all(w, s, dilation), true);
        kernel->run(&task, s.begin, s.end);
        copy_rows(out.data, task.out_ring, got, out_row, s, false);
    }
    ptrdiff_t at = 0;
    const bool intact = check_buffer_intact(&out, &at);
    if (!intact) printf("FAILED %s: %s: with rings wrote byte %td of the output\n", kernel->symbol, c->shape, at);
    check_buffer_close(&in);
    check_buffer_close(&out);
    return intact;
}

/* ---- Parts that are alike --------------------------------------------------------------------------------- */

static bool is_pointwise(const mn_window *w) {
    return w->k_h == 1 && w->k_w == 1 && w->stride_h == 1 && w->stride_w == 1 && w->pad_top == 0 && w->pad_left == 0 &&
           w->out_h == w->in_h && w->out_w == w->in_w;
}

bool check_is_alike(const mn_kernel *kernel, const check_case *c) {
    switch (kernel->op) {
    case MN_K_CONV: return is_pointwise(&c->params.conv.window);
    case MN_K_ADD:
    case MN_K_MUL:
    case MN_K_DIV:
    case MN_K_MAXIMUM:
    case MN_K_PRELU: return c->params.binary.same_shape;
    case MN_K_QUANTIZE:
    case MN_K_DEQUANTIZE: return c->params.convert.channels <= 1;
    case MN_K_SOFTMAX:
    case MN_K_LOG_SOFTMAX:
    case MN_K_L2_NORMALIZATION:
    case MN_K_CLAMP:
    case MN_K_UNARY: return true;
    default: return false;
    }
}

/* Operands that are cut as the output is: both of binary operators, else the first. */
static int32_t cut_operands(const mn_kernel *kernel) {
    const mn_kernel_op op = kernel->op;
    return op == MN_K_ADD || op == MN_K_MUL || op == MN_K_DIV || op == MN_K_MAXIMUM || op == MN_K_PRELU ? 2 : 1;
}

/* Units [begin, end) as the first of all. */
static bool run_alike(const mn_kernel *kernel, const check_case *c, check_rng *r, const mn_task *whole, uint8_t *got,
                      span s) {
    const size_t count = (size_t)(s.end - s.begin), out_unit = c->out_bytes / (size_t)c->units;
    check_buffer in[2] = {{0}}, out;
    const void *inputs[CHECK_INPUTS];
    memcpy(inputs, whole->inputs, sizeof inputs);
    for (int32_t i = 0; i < cut_operands(kernel); i++) {
        const size_t unit = c->inputs[i].bytes / (size_t)c->units;
        check_buffer_open(&in[i], r, count * unit, mn_type_size(kernel->in));
        memcpy(in[i].data, c->inputs[i].data + (size_t)s.begin * unit, count * unit);
        inputs[i] = in[i].data;
    }
    check_buffer_open(&out, r, count * out_unit, mn_type_size(kernel->out));
    mn_task task = *whole;
    task.inputs = inputs;
    task.output = out.data;
    kernel->run(&task, 0, s.end - s.begin);
    memcpy(got + (size_t)s.begin * out_unit, out.data, count * out_unit);
    ptrdiff_t at = 0;
    const bool intact = check_buffer_intact(&out, &at);
    if (!intact) printf("FAILED %s: %s: a part alone wrote byte %td of the output\n", kernel->symbol, c->shape, at);
    for (int32_t i = 0; i < cut_operands(kernel); i++) check_buffer_close(&in[i]);
    check_buffer_close(&out);
    return intact;
}

bool check_alike(const mn_kernel *kernel, const check_case *c, check_rng *r, const mn_task *whole, uint8_t *got) {
    const bool elements = kernel->op != MN_K_CONV;
    for (int32_t begin = 0, end; begin < c->units; begin = end) {
        end = mn_min_i32(c->units, begin + (elements ? check_size(r, 200) : 1));
        if (!run_alike(kernel, c, r, whole, got, (span){begin, end})) return false;
    }
    return true;
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* CONV, DEPTHWISE and POOL as the NPU defines them, for every type: sums of 64 bits over windows. */
#include <string.h>

#include "ethosu/finish.h"
#include "ethosu/registers.h"
#include "kernels/portable/window.h"

/* ---- Workspace -------------------------------------------------------------------------------------------- */

/* What a run works on: the whole input as numbers, and one row of the output. */
typedef struct memory {
    int32_t *input; /* [in_h][in_w][in_c], zero point subtracted */
    int64_t *acc;   /* [out_w][out_c] */
    int32_t *values;
    uint8_t *raw; /* a row of either, as stored */
} memory;

static bool take(size_t *at, size_t count, size_t bytes, size_t *begin) {
    size_t size;
    *begin = *at;
    if (!mn_mul_size(count, bytes, &size) || size > SIZE_MAX / 2 || !mn_add_size(*at, mn_round_up(size, 64), at)) {
        return false;
    }
    return true;
}

static bool lay_out(const mn_ethosu_op *op, void *workspace, memory *out, size_t *bytes) {
    const size_t in = mn_ethosu_map_row(&op->in), row = mn_ethosu_map_row(&op->out);
    const size_t raw = mn_max_size(in * (size_t)op->in.bytes, row * (size_t)op->out.bytes);
    size_t at = 0, input, acc, values, stored, whole;
    if (!mn_mul_size(in, (size_t)op->in.h, &whole) || !take(&at, whole, sizeof(int32_t), &input) ||
        !take(&at, row, sizeof(int64_t), &acc) || !take(&at, row, sizeof(int32_t), &values) ||
        !take(&at, raw, 1, &stored)) {
        return false;
    }
    *bytes = at;
    if (workspace != NULL) {
        char *base = workspace;
        *out = (memory){(int32_t *)(void *)(base + input), (int64_t *)(void *)(base + acc),
                        (int32_t *)(void *)(base + values), (uint8_t *)base + stored};
    }
    return true;
}

bool mn_ethosu_window_workspace(const mn_ethosu_op *op, size_t *bytes) { return lay_out(op, NULL, NULL, bytes); }

/* ---- Windows ---------------------------------------------------------------------------------------------- */

/* One window: the input from its first cell on, and its taps. */
typedef struct view {
    const mn_ethosu_op *op;
    const int32_t *input;
    mn_taps y, x;
} view;

static view view_at(const mn_ethosu_op *op, const int32_t *input, int32_t y, int32_t x) {
    const mn_window *w = &op->window;
    const view v = {op, input, mn_window_rows(w, y), mn_window_cols(w, x)};
    return v;
}

/* The channels of the input that tap (ky, kx) meets. */
static const int32_t *cell(const view *v, int32_t ky, int32_t kx) {
    const mn_window *w = &v->op->window;
    const int64_t y = v->y.origin + ky * w->dilation_h, x = v->x.origin + kx * w->dilation_w;
    return v->input + ((size_t)y * (size_t)w->in_w + (size_t)x) * (size_t)w->in_c;
}

static int64_t dot(const int32_t *a, const int16_t *b, int32_t count) {
    int64_t sum = 0;
    for (int32_t i = 0; i < count; i++) sum += (int64_t)a[i] * b[i];
    return sum;
}

static void conv(const view *v, int64_t *acc) {
    const mn_window *w = &v->op->window;
    const size_t filter = (size_t)w->k_h * (size_t)w->k_w * (size_t)w->in_c;
    memset(acc, 0, (size_t)w->out_c * sizeof *acc);
    for (int32_t ky = v->y.begin; ky < v->y.end; ky++) {
        for (int32_t kx = v->x.begin; kx < v->x.end; kx++) {
            const int32_t *in = cell(v, ky, kx);
            const int16_t *tap = v->op->weights + ((size_t)ky * (size_t)w->k_w + (size_t)kx) * (size_t)w->in_c;
            for (int32_t c = 0; c < w->out_c; c++) acc[c] += dot(in, tap + (size_t)c * filter, w->in_c);
        }
    }
}

static void depthwise(const view *v, int64_t *acc) {
    const mn_window *w = &v->op->window;
    memset(acc, 0, (size_t)w->out_c * sizeof *acc);
    for (int32_t ky = v->y.begin; ky < v->y.end; ky++) {
        for (int32_t kx = v->x.begin; kx < v->x.end; kx++) {
            const int32_t *in = cell(v, ky, kx);
            const int16_t *tap = v->op->weights + ((size_t)ky * (size_t)w->k_w + (size_t)kx) * (size_t)w->out_c;
            for (int32_t c = 0; c < w->out_c; c++) acc[c] += (int64_t)in[c] * tap[c];
        }
    }
}

/* Where padding is all there is, the lowest value: nothing of the window counts. */
static void pool_max(const view *v, int64_t *acc) {
    const int32_t channels = v->op->window.out_c;
    for (int32_t c = 0; c < channels; c++) acc[c] = INT32_MIN;
    for (int32_t ky = v->y.begin; ky < v->y.end; ky++) {
        for (int32_t kx = v->x.begin; kx < v->x.end; kx++) {
            const int32_t *in = cell(v, ky, kx);
            for (int32_t c = 0; c < channels; c++) acc[c] = in[c] > acc[c] ? in[c] : acc[c];
        }
    }
}

/* Without a scale of the program's, the NPU divides by the number of cells that are inside. */
static void pool_average(const view *v, int64_t *acc) {
    const int32_t channels = v->op->window.out_c;
    const int64_t cells = (int64_t)(v->y.end - v->y.begin) * (v->x.end - v->x.begin);
    memset(acc, 0, (size_t)channels * sizeof *acc);
    for (int32_t ky = v->y.begin; ky < v->y.end; ky++) {
        for (int32_t kx = v->x.begin; kx < v->x.end; kx++) {
            const int32_t *in = cell(v, ky, kx);
            for (int32_t c = 0; c < channels; c++) acc[c] += in[c];
        }
    }
    if (v->op->finish.scaling != MN_ETHOSU_UNSCALED || cells <= 0) return;
    for (int32_t c = 0; c < channels; c++) acc[c] = (acc[c] + (acc[c] < 0 ? -cells / 2 : cells / 2)) / cells;
}

static void pool_sum(const view *v, int64_t *acc) {
    const int32_t *in = cell(v, 0, 0);
    acc[0] = 0;
    for (int32_t c = 0; c < v->op->window.in_c; c++) acc[0] += in[c];
}

static void run_window(const view *v, int64_t *acc) {
    switch (v->op->kind) {
    case MN_ETHOSU_CONV: conv(v, acc); return;
    case MN_ETHOSU_DEPTHWISE: depthwise(v, acc); return;
    default: break;
    }
    switch (v->op->mode) {
    case MN_NPU_POOL_MAX: pool_max(v, acc); return;
    case MN_NPU_POOL_AVERAGE: pool_average(v, acc); return;
    default: pool_sum(v, acc); return;
    }
}

void mn_ethosu_window_run(const mn_ethosu_op *op, const mn_ethosu_run *run) {
    const size_t in = mn_ethosu_map_row(&op->in);
    memory m = {0};
    size_t bytes;
    lay_out(op, run->workspace, &m, &bytes);
    for (int32_t y = 0; y < op->in.h; y++) {
        mn_ethosu_map_load(&op->in, run->spaces[op->in.space], y, m.raw, m.input + (size_t)y * in);
    }
    for (int32_t y = 0; y < op->out.h; y++) {
        for (int32_t x = 0; x < op->out.w; x++) {
            const view v = view_at(op, m.input, y, x);
            run_window(&v, m.acc + (size_t)x * (size_t)op->out.c);
        }
        mn_ethosu_finish_row(op, run, m.acc, m.values);
        mn_ethosu_map_store(&op->out, run->spaces[op->out.space], y, m.raw, m.values);
    }
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Depthwise convolution of multiplier 1: taps are added one after another to the accumulators of all channels, so that
 * compilers vectorise along the channels. Float accumulators grow in the output itself. */
#include "base/checked.h"
#include "kernels/kernels.h"
#include "kernels/params.h"
#include "kernels/portable/conv_int.h"
#include "kernels/portable/pack.h"
#include "kernels/portable/window.h"

#include <string.h>

/* Taps added in one pass over the channels: a row of a 3x3 filter. */
enum { GROUP = 3 };

/* The taps of one filter row that meet the image at one output pixel. */
typedef struct line {
    size_t in;           /* element of the image at the first tap */
    ptrdiff_t in_stride; /* elements from tap to tap */
    ptrdiff_t weight;    /* element of the weights at the first tap; `channels` from tap to tap */
    int32_t taps, channels;
} line;

static line line_of(const mn_window *w, int32_t ring, int32_t unit, mn_taps rows, int32_t ky, mn_taps cols) {
    return (line){
        .in = mn_window_at(w, ring, unit, rows, ky, cols, cols.begin),
        .in_stride = (ptrdiff_t)w->dilation_w * w->in_c,
        .weight = ((ptrdiff_t)ky * w->k_w + cols.begin) * w->out_c,
        .taps = cols.end - cols.begin,
        .channels = w->out_c,
    };
}

static void add_f32(float *restrict acc, const float *restrict in, const float *restrict weights, int32_t count) {
    for (int32_t c = 0; c < count; c++) acc[c] += in[c] * weights[c];
}

static void add3_f32(float *restrict acc, const float *restrict in, ptrdiff_t stride, const float *restrict weights,
                     int32_t count) {
    const float *restrict in1 = in + stride, *restrict in2 = in1 + stride;
    const float *restrict w1 = weights + count, *restrict w2 = w1 + count;
    for (int32_t c = 0; c < count; c++) acc[c] = acc[c] + in[c] * weights[c] + in1[c] * w1[c] + in2[c] * w2[c];
}

static void line_f32(float *acc, const float *in, const float *weights, line l) {
    in += l.in, weights += l.weight;
    for (; l.taps >= GROUP; l.taps -= GROUP, in += GROUP * l.in_stride, weights += GROUP * (ptrdiff_t)l.channels)
        add3_f32(acc, in, l.in_stride, weights, l.channels);
    for (; l.taps > 0; l.taps--, in += l.in_stride, weights += l.channels) add_f32(acc, in, weights, l.channels);
}

static void finish_f32(float *restrict out, const float *restrict bias, mn_range_f32 range, int32_t channels) {
    if (bias == NULL) {
        for (int32_t c = 0; c < channels; c++) out[c] = mn_clamp_f32(out[c] + 0.0f, range);
    } else {
        for (int32_t c = 0; c < channels; c++) out[c] = mn_clamp_f32(out[c] + bias[c], range);
    }
}

bool mn_depthwise_f32_portable_need(const void *params, mn_kernel_need *need) {
    const mn_window *w = &((const mn_conv_params *)params)->window;
    *need = (mn_kernel_need){0};
    return w->out_c == w->in_c;
}

const mn_kernel_traits mn_depthwise_f32_portable_traits = {.need = mn_depthwise_f32_portable_need, .rings = true};

void mn_depthwise_f32_portable(const mn_task *task, int32_t begin, int32_t end) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    for (int32_t unit = begin; unit < end; unit++) {
        float *out = (float *)task->output + mn_output_offset(w, task->out_ring, unit);
        mn_taps rows = mn_window_rows(w, unit);
        for (int32_t x = 0; x < w->out_w; x++, out += w->out_c) {
            mn_taps cols = mn_window_cols(w, x);
            memset(out, 0, (size_t)w->out_c * sizeof *out);
            for (int32_t ky = rows.begin; ky < rows.end && cols.begin < cols.end; ky++)
                line_f32(out, task->inputs[0], task->inputs[1], line_of(w, task->in_ring, unit, rows, ky, cols));
            finish_f32(out, task->inputs[2], p->range_f32, w->out_c);
        }
    }
}

/* Products of int16: a zero point taken off leaves 9 bits. */
static inline int32_t product(const uint8_t *in, int32_t sign, int16_t zero, int16_t weight) {
    int16_t x = (int16_t)(mn_stored(*in, sign) - zero);
    return x * weight;
}

static inline void add_int(int32_t *restrict acc, const uint8_t *restrict in, int32_t sign, int16_t zero,
                           const int16_t *restrict weights, int32_t count) {
    for (int32_t c = 0; c < count; c++) acc[c] += product(in + c, sign, zero, weights[c]);
}

static inline void add3_int(int32_t *restrict acc, const uint8_t *restrict in, ptrdiff_t stride, int32_t sign,
                            int16_t zero, const int16_t *restrict weights, int32_t count) {
    const uint8_t *restrict in1 = in + stride, *restrict in2 = in1 + stride;
    const int16_t *restrict w1 = weights + count, *restrict w2 = w1 + count;
    for (int32_t c = 0; c < count; c++)
        acc[c] += product(in + c, sign, zero, weights[c]) + product(in1 + c, sign, zero, w1[c]) +
                  product(in2 + c, sign, zero, w2[c]);
}

static inline void line_int(int32_t *acc, const uint8_t *in, int32_t sign, int16_t zero, const int16_t *weights,
                            line l) {
    in += l.in, weights += l.weight;
    for (; l.taps >= GROUP; l.taps -= GROUP, in += GROUP * l.in_stride, weights += GROUP * (ptrdiff_t)l.channels)
        add3_int(acc, in, l.in_stride, sign, zero, weights, l.channels);
    for (; l.taps > 0; l.taps--, in += l.in_stride, weights += l.channels)
        add_int(acc, in, sign, zero, weights, l.channels);
}

/* The accumulators of all channels at column `x` of row `unit`. */
static inline void pixel_int(const mn_window *w, const uint8_t *in, int32_t ring, int32_t sign, int32_t zero,
                             const int16_t *weights, int32_t unit, int32_t x, int32_t *acc) {
    mn_taps rows = mn_window_rows(w, unit), cols = mn_window_cols(w, x);
    memset(acc, 0, (size_t)w->out_c * sizeof *acc);
    for (int32_t ky = rows.begin; ky < rows.end && cols.begin < cols.end; ky++)
        line_int(acc, in, sign, (int16_t)zero, weights, line_of(w, ring, unit, rows, ky, cols));
}

void mn_depthwise_i8_acc(const mn_window *w, const uint8_t *in, int32_t zero, const int16_t *weights, int32_t unit,
                         int32_t x, int32_t *acc) {
    pixel_int(w, in, 0, MN_SIGN_I8, zero, weights, unit, x, acc);
}

static inline void depthwise_int(const mn_task *task, int32_t sign, int32_t begin, int32_t end) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    for (int32_t unit = begin; unit < end; unit++) {
        uint8_t *out = (uint8_t *)task->output + mn_output_offset(w, task->out_ring, unit);
        for (int32_t x = 0; x < w->out_w; x++, out += w->out_c) {
            pixel_int(w, task->inputs[0], task->in_ring, sign, p->in_zero, task->packed, unit, x, task->workspace);
            mn_acc_finish(p, task->inputs[2], task->workspace, out);
        }
    }
}

bool mn_depthwise_int_packed(const mn_window *w, size_t *bytes) {
    return w->out_c == w->in_c && mn_taps_bytes(w->out_c, (int64_t)w->k_h * w->k_w, bytes);
}

static bool depthwise_int_need(const void *params, mn_kernel_need *need) {
    const mn_window *w = &((const mn_conv_params *)params)->window;
    need->workspace_bytes = (size_t)w->out_c * sizeof(int32_t);
    return mn_depthwise_int_packed(w, &need->packed_bytes);
}

static void depthwise_i8_pack(const void *params, const void *const *constants, void *packed) {
    const mn_conv_params *p = params;
    mn_taps_pack(constants[1], MN_INT8, 0, p->window.out_c, (int64_t)p->window.k_h * p->window.k_w, packed);
}

const mn_kernel_traits mn_depthwise_i8_portable_traits = {
    .need = depthwise_int_need, .pack = depthwise_i8_pack, .rings = true};

static void depthwise_u8_pack(const void *params, const void *const *constants, void *packed) {
    const mn_conv_params *p = params;
    const mn_window *w = &p->window;
    mn_taps_pack(constants[1], MN_UINT8, p->weight_zero, w->out_c, (int64_t)w->k_h * w->k_w, packed);
}

const mn_kernel_traits mn_depthwise_u8_portable_traits = {
    .need = depthwise_int_need, .pack = depthwise_u8_pack, .rings = true};

void mn_depthwise_i8_portable(const mn_task *task, int32_t begin, int32_t end) {
    depthwise_int(task, MN_SIGN_I8, begin, end);
}

void mn_depthwise_u8_portable(const mn_task *task, int32_t begin, int32_t end) {
    depthwise_int(task, MN_SIGN_U8, begin, end);
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 16x8: int16 activations with int8 weights. All zero points of int16 are 0. */
#include "kernels/ref/ref.h"

/* Products of int16 and int8 less a zero point are below 2^23, so that this many add up within int32. */
enum { CHUNK = 128 };

int64_t mn_dot_i16(const int16_t *x, const int8_t *w, int32_t w_zero, int32_t n) {
    int64_t total = 0;
    for (int32_t i = 0; i < n; i += CHUNK) {
        const int32_t end = mn_min_i32(i + CHUNK, n);
        int32_t acc = 0;
        for (int32_t k = i; k < end; k++) acc += x[k] * (w[k] - w_zero);
        total += acc;
    }
    return total;
}

static int64_t add_bias(int64_t acc, const void *bias, bool bias_64, int32_t c) {
    if (bias == NULL) return acc;
    return bias_64 ? (int64_t)((uint64_t)acc + (uint64_t)((const int64_t *)bias)[c]) : acc + ((const int32_t *)bias)[c];
}

/** What a convolution stores for the accumulator of channel `c`. */
static int16_t store(const mn_conv_params *p, int64_t acc, const void *bias, int32_t c) {
    acc = add_bias(acc, bias, p->bias_64, c);
    const int32_t scaled = p->bias_64 ? mn_requantize_64(acc, p->multiplier[c], p->shift[c])
                                      : mn_requantize((int32_t)(uint32_t)acc, p->multiplier[c], p->shift[c]);
    return (int16_t)mn_clamp_i32(scaled, p->range.min, p->range.max);
}

void mn_conv_i16_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    for (int32_t row = begin; row < end; row++) {
        int16_t *out = (int16_t *)task->output + mn_output_offset(w, task->out_ring, row);
        for (int32_t x = 0; x < w->out_w; x++) {
            for (int32_t c = 0; c < w->out_c; c++) {
                const int64_t acc = mn_conv_i16_acc(p, task->inputs[0], task->in_ring, task->inputs[1], row, x, c);
                *out++ = store(p, acc, task->inputs[2], c);
            }
        }
    }
}

/** The accumulator at column `x` of row `row` (of all images) for output channel `c`. */
static int64_t depthwise_acc(const mn_window *w, const int16_t *in, int32_t ring, const int8_t *weights, int32_t row,
                             int32_t x, int32_t c) {
    const mn_taps ty = mn_taps_inside(row % w->out_h, w->stride_h, w->pad_top, w->dilation_h, w->k_h, w->in_h);
    const mn_taps tx = mn_taps_inside(x, w->stride_w, w->pad_left, w->dilation_w, w->k_w, w->in_w);
    const size_t channel = (size_t)(c / (w->out_c / w->in_c));
    int64_t acc = 0;
    for (int32_t ky = ty.begin; ky < ty.end; ky++) {
        for (int32_t kx = tx.begin; kx < tx.end; kx++) {
            const size_t at = mn_input_offset(w, ring, row / w->out_h, ty.origin + (int64_t)ky * w->dilation_h,
                                              tx.origin + (int64_t)kx * w->dilation_w);
            const size_t tap = (size_t)ky * (size_t)w->k_w + (size_t)kx;
            acc += in[at + channel] * weights[tap * (size_t)w->out_c + (size_t)c];
        }
    }
    return acc;
}

void mn_depthwise_i16_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    for (int32_t row = begin; row < end; row++) {
        int16_t *out = (int16_t *)task->output + mn_output_offset(w, task->out_ring, row);
        for (int32_t x = 0; x < w->out_w; x++) {
            for (int32_t c = 0; c < w->out_c; c++) {
                const int64_t acc = depthwise_acc(w, task->inputs[0], task->in_ring, task->inputs[1], row, x, c);
                *out++ = store(p, acc, task->inputs[2], c);
            }
        }
    }
}

void mn_fully_connected_i16_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_fully_connected_params *p = task->params;
    int16_t *out = task->output;
    for (int32_t i = begin; i < end; i++) {
        const int32_t c = i % p->out_c;
        const int16_t *x = (const int16_t *)task->inputs[0] + (size_t)(i / p->out_c) * (size_t)p->in_c;
        const int8_t *w = (const int8_t *)task->inputs[1] + (size_t)c * (size_t)p->in_c;
        int64_t acc = add_bias(mn_dot_i16(x, w, p->weight_zero, p->in_c), task->inputs[2], p->bias_64, c);
        if (!p->bias_64) acc = (int32_t)(uint32_t)acc;
        out[i] = (int16_t)mn_store_real((double)acc * p->scale[c], 0, p->range);
    }
}

/* ---- SOFTMAX: two tables of 513 points with lines between them ------------------------------------------ */

int16_t mn_table_i16_at(const int16_t *table, int32_t x) {
    const int32_t index = 256 + (x >> 7), offset = x & 0x7f;
    const int32_t slope = (int16_t)(table[index + 1] - table[index]);
    return (int16_t)(table[index] + ((slope * offset + 64) >> 7));
}

/** e of a value `difference` (<= 0) from the largest, as Q0.15. */
static int16_t exp_of(const mn_softmax_params *p, int32_t difference) {
    const int32_t scaled = mn_wrap_add(mn_requantize(difference, p->multiplier, p->shift), INT16_MAX);
    return mn_table_i16_at(p->exp_table, mn_clamp_i32(scaled, INT16_MIN, INT16_MAX));
}

static void softmax_row(const mn_softmax_params *p, const int16_t *in, int16_t *out) {
    int32_t most = INT16_MIN, sum = 0;
    for (int32_t c = 0; c < p->depth; c++) most = mn_max_i32(most, in[c]);
    for (int32_t c = 0; c < p->depth; c++) {
        out[c] = exp_of(p, in[c] - most);
        sum = mn_wrap_add(sum, out[c]);
    }
    /* sum = m * 2^(16 - lead), m in [1, 2): the table has 1 / (1 + x) of m - 1. */
    int32_t lead = 0;
    while (lead < 31 && (uint32_t)sum << lead < UINT32_C(1) << 31) lead++;
    const int32_t fraction = (int32_t)((((int64_t)sum * (INT64_C(1) << (lead - 1))) + (1 << 13)) >> 14);
    const int32_t centred = mn_clamp_i32(fraction - (1 << 15) - (1 << 16), INT16_MIN, INT16_MAX);
    const int64_t reciprocal = mn_table_i16_at(p->reciprocal_table, centred);
    const int32_t shift = 31 - lead;
    for (int32_t c = 0; c < p->depth; c++) {
        const int64_t product = out[c] * reciprocal + (INT64_C(1) << (shift - 1));
        out[c] = (int16_t)mn_clamp_i32((int32_t)(product >> shift), 0, INT16_MAX);
    }
}

void mn_softmax_i16_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_softmax_params *p = task->params;
    for (int32_t row = begin; row < end; row++) {
        const size_t offset = (size_t)row * (size_t)p->depth;
        softmax_row(p, (const int16_t *)task->inputs[0] + offset, (int16_t *)task->output + offset);
    }
}

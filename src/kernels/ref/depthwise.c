/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

/** Where the rows of an image lie: row y in place (first + y) % ring, or first + y if ring is 0. */
typedef struct image_rows {
    int64_t first;
    int32_t ring;
} image_rows;

static const image_rows as_they_are = {0, 0};

static image_rows rows_of(const mn_task *task, const mn_window *w, int32_t row) {
    return (image_rows){(int64_t)(row / w->out_h) * w->in_h, task->in_ring};
}

static inline float f32_at(const mn_conv_params *p, const float *plane, image_rows rows, size_t stride,
                           const float *weights, const float *bias, int32_t y, int32_t x, int32_t c) {
    const mn_window *w = &p->window;
    const mn_taps ty = mn_taps_inside(y, w->stride_h, w->pad_top, w->dilation_h, w->k_h, w->in_h);
    const mn_taps tx = mn_taps_inside(x, w->stride_w, w->pad_left, w->dilation_w, w->k_w, w->in_w);
    float acc = 0;
    for (int32_t ky = ty.begin; ky < ty.end; ky++) {
        const size_t row = mn_row_place(rows.first + ty.origin + (int64_t)ky * w->dilation_h, rows.ring);
        for (int32_t kx = tx.begin; kx < tx.end; kx++) {
            const size_t column = (size_t)(tx.origin + (int64_t)kx * w->dilation_w);
            const size_t tap = (size_t)ky * (size_t)w->k_w + (size_t)kx;
            acc += plane[(row * (size_t)w->in_w + column) * stride] * weights[tap * (size_t)w->out_c + (size_t)c];
        }
    }
    return mn_clamp_f32(acc + (bias != NULL ? bias[c] : 0.0f), p->range_f32);
}

float mn_depthwise_f32_at(const mn_conv_params *p, const float *plane, size_t stride, const float *weights,
                          const float *bias, int32_t y, int32_t x, int32_t c) {
    return f32_at(p, plane, as_they_are, stride, weights, bias, y, x, c);
}

void mn_depthwise_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    const int32_t multiplier = w->out_c / w->in_c;
    const float *in = task->inputs[0];
    for (int32_t row = begin; row < end; row++) {
        const image_rows rows = rows_of(task, w, row);
        float *out = (float *)task->output + mn_output_offset(w, task->out_ring, row);
        for (int32_t x = 0; x < w->out_w; x++) {
            for (int32_t c = 0; c < w->out_c; c++) {
                *out++ = f32_at(p, in + c / multiplier, rows, (size_t)w->in_c, task->inputs[1], task->inputs[2],
                                row % w->out_h, x, c);
            }
        }
    }
}

static int32_t acc_8bit(const mn_conv_params *p, const uint8_t *plane, image_rows rows, size_t stride, int32_t in_zero,
                        const uint8_t *weights, int32_t y, int32_t x, int32_t c, int32_t sign) {
    const mn_window *w = &p->window;
    const mn_taps ty = mn_taps_inside(y, w->stride_h, w->pad_top, w->dilation_h, w->k_h, w->in_h);
    const mn_taps tx = mn_taps_inside(x, w->stride_w, w->pad_left, w->dilation_w, w->k_w, w->in_w);
    int32_t acc = 0;
    for (int32_t ky = ty.begin; ky < ty.end; ky++) {
        const size_t row = mn_row_place(rows.first + ty.origin + (int64_t)ky * w->dilation_h, rows.ring);
        for (int32_t kx = tx.begin; kx < tx.end; kx++) {
            const size_t column = (size_t)(tx.origin + (int64_t)kx * w->dilation_w);
            const size_t tap = (size_t)ky * (size_t)w->k_w + (size_t)kx;
            const uint8_t value = plane[(row * (size_t)w->in_w + column) * stride];
            const uint8_t weight = weights[tap * (size_t)w->out_c + (size_t)c];
            acc = mn_wrap_add(acc,
                              (mn_stored(value, sign) - in_zero) * (mn_stored(weight, sign) - mn_weight_zero(p, sign)));
        }
    }
    return acc;
}

int32_t mn_depthwise_8bit_acc(const mn_conv_params *p, const uint8_t *plane, size_t stride, int32_t in_zero,
                              const uint8_t *weights, int32_t y, int32_t x, int32_t c, int32_t sign) {
    return acc_8bit(p, plane, as_they_are, stride, in_zero, weights, y, x, c, sign);
}

static inline uint8_t at_8bit(const mn_conv_params *p, const uint8_t *plane, image_rows rows, size_t stride,
                              const uint8_t *weights, const int32_t *bias, int32_t y, int32_t x, int32_t c,
                              int32_t sign) {
    int32_t acc = acc_8bit(p, plane, rows, stride, p->in_zero, weights, y, x, c, sign);
    if (bias != NULL) acc = mn_wrap_add(acc, bias[c]);
    return (uint8_t)mn_store_i32(acc, p->multiplier[c], p->shift[c], p->out_zero, p->range);
}

uint8_t mn_depthwise_8bit_at(const mn_conv_params *p, const uint8_t *plane, size_t stride, const uint8_t *weights,
                             const int32_t *bias, int32_t y, int32_t x, int32_t c, int32_t sign) {
    return at_8bit(p, plane, as_they_are, stride, weights, bias, y, x, c, sign);
}

static void depthwise_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    const int32_t multiplier = w->out_c / w->in_c;
    const uint8_t *in = task->inputs[0];
    for (int32_t row = begin; row < end; row++) {
        const image_rows rows = rows_of(task, w, row);
        uint8_t *out = (uint8_t *)task->output + mn_output_offset(w, task->out_ring, row);
        for (int32_t x = 0; x < w->out_w; x++) {
            for (int32_t c = 0; c < w->out_c; c++) {
                *out++ = at_8bit(p, in + c / multiplier, rows, (size_t)w->in_c, task->inputs[1], task->inputs[2],
                                 row % w->out_h, x, c, sign);
            }
        }
    }
}

void mn_depthwise_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    depthwise_8bit(task, begin, end, MN_SIGN_I8);
}

void mn_depthwise_u8_ref(const mn_task *task, int32_t begin, int32_t end) {
    depthwise_8bit(task, begin, end, MN_SIGN_U8);
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

float mn_depthwise_f32_at(const mn_conv_params *p, const float *plane, size_t step, const float *weights,
                          const float *bias, int32_t y, int32_t x, int32_t c) {
    const mn_window *w = &p->window;
    const mn_taps ty = mn_taps_inside(y, w->stride_h, w->pad_top, w->dilation_h, w->k_h, w->in_h);
    const mn_taps tx = mn_taps_inside(x, w->stride_w, w->pad_left, w->dilation_w, w->k_w, w->in_w);
    float sum = 0;
    for (int32_t ky = ty.begin; ky < ty.end; ky++) {
        const size_t row = (size_t)(ty.origin + (int64_t)ky * w->dilation_h);
        for (int32_t kx = tx.begin; kx < tx.end; kx++) {
            const size_t column = (size_t)(tx.origin + (int64_t)kx * w->dilation_w);
            const size_t tap = (size_t)ky * (size_t)w->k_w + (size_t)kx;
            sum += plane[(row * (size_t)w->in_w + column) * step] * weights[tap * (size_t)w->out_c + (size_t)c];
        }
    }
    return mn_clamp_f32(sum + (bias != NULL ? bias[c] : 0.0f), p->range_f32);
}

void mn_depthwise_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    const int32_t multiplier = w->out_c / w->in_c;
    float *out = (float *)task->output + (size_t)begin * (size_t)w->out_w * (size_t)w->out_c;
    for (int32_t row = begin; row < end; row++) {
        const float *image = (const float *)task->inputs[0] + mn_input_offset(w, row / w->out_h, 0, 0);
        for (int32_t x = 0; x < w->out_w; x++) {
            for (int32_t c = 0; c < w->out_c; c++) {
                *out++ = mn_depthwise_f32_at(p, image + c / multiplier, (size_t)w->in_c, task->inputs[1],
                                             task->inputs[2], row % w->out_h, x, c);
            }
        }
    }
}

int32_t mn_depthwise_8bit_sum(const mn_conv_params *p, const uint8_t *plane, size_t step, int32_t in_zero,
                              const uint8_t *weights, int32_t y, int32_t x, int32_t c, int32_t sign) {
    const mn_window *w = &p->window;
    const mn_taps ty = mn_taps_inside(y, w->stride_h, w->pad_top, w->dilation_h, w->k_h, w->in_h);
    const mn_taps tx = mn_taps_inside(x, w->stride_w, w->pad_left, w->dilation_w, w->k_w, w->in_w);
    int32_t sum = 0;
    for (int32_t ky = ty.begin; ky < ty.end; ky++) {
        const size_t row = (size_t)(ty.origin + (int64_t)ky * w->dilation_h);
        for (int32_t kx = tx.begin; kx < tx.end; kx++) {
            const size_t column = (size_t)(tx.origin + (int64_t)kx * w->dilation_w);
            const size_t tap = (size_t)ky * (size_t)w->k_w + (size_t)kx;
            const uint8_t value = plane[(row * (size_t)w->in_w + column) * step];
            const uint8_t weight = weights[tap * (size_t)w->out_c + (size_t)c];
            sum = mn_wrap_add(sum,
                              (mn_stored(value, sign) - in_zero) * (mn_stored(weight, sign) - mn_weight_zero(p, sign)));
        }
    }
    return sum;
}

uint8_t mn_depthwise_8bit_at(const mn_conv_params *p, const uint8_t *plane, size_t step, const uint8_t *weights,
                             const int32_t *bias, int32_t y, int32_t x, int32_t c, int32_t sign) {
    int32_t sum = mn_depthwise_8bit_sum(p, plane, step, p->in_zero, weights, y, x, c, sign);
    if (bias != NULL) sum = mn_wrap_add(sum, bias[c]);
    return (uint8_t)mn_store_i32(sum, p->multiplier[c], p->shift[c], p->out_zero, p->range);
}

static void depthwise_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    const int32_t multiplier = w->out_c / w->in_c;
    uint8_t *out = (uint8_t *)task->output + (size_t)begin * (size_t)w->out_w * (size_t)w->out_c;
    for (int32_t row = begin; row < end; row++) {
        const uint8_t *image = (const uint8_t *)task->inputs[0] + mn_input_offset(w, row / w->out_h, 0, 0);
        for (int32_t x = 0; x < w->out_w; x++) {
            for (int32_t c = 0; c < w->out_c; c++) {
                *out++ = mn_depthwise_8bit_at(p, image + c / multiplier, (size_t)w->in_c, task->inputs[1],
                                              task->inputs[2], row % w->out_h, x, c, sign);
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

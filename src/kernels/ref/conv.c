/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

static float dot_f32(const float *x, const float *w, int32_t n, float acc) {
    for (int32_t i = 0; i < n; i++) acc += x[i] * w[i];
    return acc;
}

static int32_t dot_i32(const uint8_t *x, int32_t x_zero, const uint8_t *w, int32_t w_zero, int32_t n, int32_t sign) {
    int32_t acc = 0;
    for (int32_t i = 0; i < n; i++) {
        acc = mn_wrap_add(acc, (mn_stored(x[i], sign) - x_zero) * (mn_stored(w[i], sign) - w_zero));
    }
    return acc;
}

/** Where one output pixel's window lies. */
typedef struct pixel {
    int32_t batch;
    mn_taps y, x;
} pixel;

static pixel pixel_at(const mn_window *w, int32_t row, int32_t out_x) {
    return (pixel){row / w->out_h,
                   mn_taps_inside(row % w->out_h, w->stride_h, w->pad_top, w->dilation_h, w->k_h, w->in_h),
                   mn_taps_inside(out_x, w->stride_w, w->pad_left, w->dilation_w, w->k_w, w->in_w)};
}

/** Elements before tap (ky, kx) of `channel`'s group in the input, and of output channel `channel` in the weights. */
static size_t input_at(const mn_conv_params *p, int32_t ring, const pixel *at, int32_t ky, int32_t kx,
                       int32_t channel) {
    const mn_window *w = &p->window;
    const int32_t group = channel / (w->out_c / p->groups);
    return mn_input_offset(w, ring, at->batch, at->y.origin + (int64_t)ky * w->dilation_h,
                           at->x.origin + (int64_t)kx * w->dilation_w) +
           (size_t)group * (size_t)(w->in_c / p->groups);
}

static size_t weight_at(const mn_conv_params *p, int32_t ky, int32_t kx, int32_t channel) {
    const mn_window *w = &p->window;
    return (((size_t)channel * (size_t)w->k_h + (size_t)ky) * (size_t)w->k_w + (size_t)kx) *
           (size_t)(w->in_c / p->groups);
}

static float conv_f32_at(const mn_conv_params *p, const float *in, int32_t ring, const float *weights,
                         const float *bias, int32_t row, int32_t x, int32_t c) {
    const int32_t depth = p->window.in_c / p->groups;
    const pixel at = pixel_at(&p->window, row, x);
    float acc = 0;
    for (int32_t ky = at.y.begin; ky < at.y.end; ky++) {
        for (int32_t kx = at.x.begin; kx < at.x.end; kx++) {
            acc = dot_f32(in + input_at(p, ring, &at, ky, kx, c), weights + weight_at(p, ky, kx, c), depth, acc);
        }
    }
    return mn_clamp_f32(acc + (bias != NULL ? bias[c] : 0.0f), p->range_f32);
}

float mn_conv_f32_at(const mn_conv_params *p, const float *in, const float *weights, const float *bias, int32_t row,
                     int32_t x, int32_t c) {
    return conv_f32_at(p, in, 0, weights, bias, row, x, c);
}

void mn_conv_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    for (int32_t row = begin; row < end; row++) {
        float *out = (float *)task->output + mn_output_offset(w, task->out_ring, row);
        for (int32_t x = 0; x < w->out_w; x++) {
            for (int32_t c = 0; c < w->out_c; c++) {
                *out++ = conv_f32_at(p, task->inputs[0], task->in_ring, task->inputs[1], task->inputs[2], row, x, c);
            }
        }
    }
}

int64_t mn_conv_i16_acc(const mn_conv_params *p, const int16_t *in, int32_t ring, const int8_t *weights, int32_t row,
                        int32_t x, int32_t c) {
    const int32_t depth = p->window.in_c / p->groups;
    const pixel at = pixel_at(&p->window, row, x);
    int64_t acc = 0;
    for (int32_t ky = at.y.begin; ky < at.y.end; ky++) {
        for (int32_t kx = at.x.begin; kx < at.x.end; kx++) {
            acc += mn_dot_i16(in + input_at(p, ring, &at, ky, kx, c), weights + weight_at(p, ky, kx, c), 0, depth);
        }
    }
    return acc;
}

int32_t mn_conv_8bit_acc(const mn_conv_params *p, const uint8_t *in, int32_t ring, int32_t in_zero,
                         const uint8_t *weights, int32_t row, int32_t x, int32_t c, int32_t sign) {
    const int32_t depth = p->window.in_c / p->groups, weight_zero = mn_weight_zero(p, sign);
    const pixel at = pixel_at(&p->window, row, x);
    int32_t acc = 0;
    for (int32_t ky = at.y.begin; ky < at.y.end; ky++) {
        for (int32_t kx = at.x.begin; kx < at.x.end; kx++) {
            acc = mn_wrap_add(acc, dot_i32(in + input_at(p, ring, &at, ky, kx, c), in_zero,
                                           weights + weight_at(p, ky, kx, c), weight_zero, depth, sign));
        }
    }
    return acc;
}

static uint8_t conv_8bit_at(const mn_conv_params *p, const uint8_t *in, int32_t ring, const uint8_t *weights,
                            const int32_t *bias, int32_t row, int32_t x, int32_t c, int32_t sign) {
    int32_t acc = mn_conv_8bit_acc(p, in, ring, p->in_zero, weights, row, x, c, sign);
    if (bias != NULL) acc = mn_wrap_add(acc, bias[c]);
    return (uint8_t)mn_store_i32(acc, p->multiplier[c], p->shift[c], p->out_zero, p->range);
}

uint8_t mn_conv_8bit_at(const mn_conv_params *p, const uint8_t *in, const uint8_t *weights, const int32_t *bias,
                        int32_t row, int32_t x, int32_t c, int32_t sign) {
    return conv_8bit_at(p, in, 0, weights, bias, row, x, c, sign);
}

static void conv_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    const uint8_t *in = task->inputs[0];
    for (int32_t row = begin; row < end; row++) {
        uint8_t *out = (uint8_t *)task->output + mn_output_offset(w, task->out_ring, row);
        for (int32_t x = 0; x < w->out_w; x++) {
            for (int32_t c = 0; c < w->out_c; c++) {
                *out++ = conv_8bit_at(p, in, task->in_ring, task->inputs[1], task->inputs[2], row, x, c, sign);
            }
        }
    }
}

void mn_conv_i8_ref(const mn_task *task, int32_t begin, int32_t end) { conv_8bit(task, begin, end, MN_SIGN_I8); }

void mn_conv_u8_ref(const mn_task *task, int32_t begin, int32_t end) { conv_8bit(task, begin, end, MN_SIGN_U8); }

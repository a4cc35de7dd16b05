/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

#include <float.h>

void mn_max_pool_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_pool_params *p = task->params;
    const mn_window *w = &p->window;
    const float *in = task->inputs[0];
    for (int32_t row = begin; row < end; row++) {
        float *out = (float *)task->output + mn_output_offset(w, task->out_ring, row);
        const mn_taps ty = mn_taps_inside(row % w->out_h, w->stride_h, w->pad_top, 1, w->k_h, w->in_h);
        for (int32_t out_x = 0; out_x < w->out_w; out_x++) {
            const mn_taps tx = mn_taps_inside(out_x, w->stride_w, w->pad_left, 1, w->k_w, w->in_w);
            for (int32_t c = 0; c < w->out_c; c++) {
                float most = -FLT_MAX;
                for (int32_t ky = ty.begin; ky < ty.end; ky++) {
                    for (int32_t kx = tx.begin; kx < tx.end; kx++) {
                        const float x =
                            in[mn_input_offset(w, task->in_ring, row / w->out_h, ty.origin + ky, tx.origin + kx) +
                               (size_t)c];
                        if (most < x) most = x;
                    }
                }
                *out++ = mn_clamp_f32(most, p->range_f32);
            }
        }
    }
}

static void max_pool_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_pool_params *p = task->params;
    const mn_window *w = &p->window;
    const uint8_t *in = task->inputs[0];
    for (int32_t row = begin; row < end; row++) {
        uint8_t *out = (uint8_t *)task->output + mn_output_offset(w, task->out_ring, row);
        const mn_taps ty = mn_taps_inside(row % w->out_h, w->stride_h, w->pad_top, 1, w->k_h, w->in_h);
        for (int32_t out_x = 0; out_x < w->out_w; out_x++) {
            const mn_taps tx = mn_taps_inside(out_x, w->stride_w, w->pad_left, 1, w->k_w, w->in_w);
            for (int32_t c = 0; c < w->out_c; c++) {
                int32_t most = mn_sign_range(sign).min;
                for (int32_t ky = ty.begin; ky < ty.end; ky++) {
                    for (int32_t kx = tx.begin; kx < tx.end; kx++) {
                        const uint8_t x =
                            in[mn_input_offset(w, task->in_ring, row / w->out_h, ty.origin + ky, tx.origin + kx) +
                               (size_t)c];
                        most = mn_max_i32(most, mn_stored(x, sign));
                    }
                }
                *out++ = (uint8_t)mn_clamp_i32(most, p->range.min, p->range.max);
            }
        }
    }
}

void mn_max_pool_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    max_pool_8bit(task, begin, end, MN_SIGN_I8);
}

void mn_max_pool_u8_ref(const mn_task *task, int32_t begin, int32_t end) {
    max_pool_8bit(task, begin, end, MN_SIGN_U8);
}

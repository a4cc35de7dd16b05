/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

void mn_average_pool_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_pool_params *p = task->params;
    const mn_window *w = &p->window;
    const float *in = task->inputs[0];
    for (int32_t row = begin; row < end; row++) {
        float *out = (float *)task->output + mn_output_offset(w, task->out_ring, row);
        const mn_taps ty = mn_taps_inside(row % w->out_h, w->stride_h, w->pad_top, 1, w->k_h, w->in_h);
        for (int32_t out_x = 0; out_x < w->out_w; out_x++) {
            const mn_taps tx = mn_taps_inside(out_x, w->stride_w, w->pad_left, 1, w->k_w, w->in_w);
            const float count = (float)((int64_t)(ty.end - ty.begin) * (tx.end - tx.begin));
            for (int32_t c = 0; c < w->out_c; c++) {
                float sum = 0;
                for (int32_t ky = ty.begin; ky < ty.end; ky++) {
                    for (int32_t kx = tx.begin; kx < tx.end; kx++) {
                        sum += in[mn_input_offset(w, task->in_ring, row / w->out_h, ty.origin + ky, tx.origin + kx) +
                                  (size_t)c];
                    }
                }
                *out++ = mn_clamp_f32(sum / count, p->range_f32);
            }
        }
    }
}

static void average_pool_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_pool_params *p = task->params;
    const mn_window *w = &p->window;
    const uint8_t *in = task->inputs[0];
    for (int32_t row = begin; row < end; row++) {
        uint8_t *out = (uint8_t *)task->output + mn_output_offset(w, task->out_ring, row);
        const mn_taps ty = mn_taps_inside(row % w->out_h, w->stride_h, w->pad_top, 1, w->k_h, w->in_h);
        for (int32_t out_x = 0; out_x < w->out_w; out_x++) {
            const mn_taps tx = mn_taps_inside(out_x, w->stride_w, w->pad_left, 1, w->k_w, w->in_w);
            const int64_t count = (int64_t)(ty.end - ty.begin) * (tx.end - tx.begin);
            for (int32_t c = 0; c < w->out_c; c++) {
                int64_t sum = 0;
                for (int32_t ky = ty.begin; ky < ty.end; ky++) {
                    for (int32_t kx = tx.begin; kx < tx.end; kx++) {
                        sum += mn_stored(
                            in[mn_input_offset(w, task->in_ring, row / w->out_h, ty.origin + ky, tx.origin + kx) +
                               (size_t)c],
                            sign);
                    }
                }
                *out++ = mn_average_8bit_of(sum, count, p->range);
            }
        }
    }
}

void mn_average_pool_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    average_pool_8bit(task, begin, end, MN_SIGN_I8);
}

void mn_average_pool_u8_ref(const mn_task *task, int32_t begin, int32_t end) {
    average_pool_8bit(task, begin, end, MN_SIGN_U8);
}

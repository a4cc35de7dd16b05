/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

void mn_clamp_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_convert_params *p = task->params;
    const float *in = task->inputs[0];
    float *out = task->output;
    for (int32_t i = begin; i < end; i++) out[i] = mn_clamp_f32(in[i], p->range_f32);
}

static void clamp_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_convert_params *p = task->params;
    const uint8_t *in = task->inputs[0];
    uint8_t *out = task->output;
    for (int32_t i = begin; i < end; i++) {
        const int32_t value = mn_stored(in[i], sign) - p->in_zero;
        out[i] = (uint8_t)mn_store_i32(value, p->multiplier, p->shift, p->out_zero, p->range);
    }
}

void mn_clamp_i8_ref(const mn_task *task, int32_t begin, int32_t end) { clamp_8bit(task, begin, end, MN_SIGN_I8); }

void mn_clamp_u8_ref(const mn_task *task, int32_t begin, int32_t end) { clamp_8bit(task, begin, end, MN_SIGN_U8); }

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

void mn_fully_connected_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_fully_connected_params *p = task->params;
    const float *in = task->inputs[0], *weights = task->inputs[1], *bias = task->inputs[2];
    float *out = task->output;
    for (int32_t i = begin; i < end; i++) {
        const int32_t c = i % p->out_c;
        const float *x = in + (size_t)(i / p->out_c) * (size_t)p->in_c;
        const float *w = weights + (size_t)c * (size_t)p->in_c;
        float acc = 0;
        for (int32_t k = 0; k < p->in_c; k++) acc += x[k] * w[k];
        out[i] = mn_clamp_f32(acc + (bias != NULL ? bias[c] : 0.0f), p->range_f32);
    }
}

static void fully_connected_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_fully_connected_params *p = task->params;
    const uint8_t *in = task->inputs[0], *weights = task->inputs[1];
    const int32_t *bias = task->inputs[2];
    uint8_t *out = task->output;
    for (int32_t i = begin; i < end; i++) {
        const int32_t c = i % p->out_c;
        const uint8_t *x = in + (size_t)(i / p->out_c) * (size_t)p->in_c;
        const uint8_t *w = weights + (size_t)c * (size_t)p->in_c;
        int32_t acc = bias != NULL ? bias[c] : 0;
        for (int32_t k = 0; k < p->in_c; k++) {
            acc = mn_wrap_add(acc, (mn_stored(x[k], sign) - p->in_zero) * (mn_stored(w[k], sign) - p->weight_zero));
        }
        out[i] = (uint8_t)mn_store_real(acc * p->scale[c], p->out_zero, p->range);
    }
}

void mn_fully_connected_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    fully_connected_8bit(task, begin, end, MN_SIGN_I8);
}

void mn_fully_connected_u8_ref(const mn_task *task, int32_t begin, int32_t end) {
    fully_connected_8bit(task, begin, end, MN_SIGN_U8);
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

#include <string.h>

void mn_concatenation_any_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_concatenation_params *p = task->params;
    size_t row_bytes = 0;
    for (int32_t i = 0; i < p->input_count; i++) row_bytes += (size_t)p->width[i] * (size_t)p->element_bytes;
    uint8_t *out = (uint8_t *)task->output + (size_t)begin * row_bytes;
    for (int32_t row = begin; row < end; row++) {
        for (int32_t i = 0; i < p->input_count; i++) {
            const size_t bytes = (size_t)p->width[i] * (size_t)p->element_bytes;
            memcpy(out, (const uint8_t *)task->inputs[i] + (size_t)row * bytes, bytes);
            out += bytes;
        }
    }
}

static void rescale(const uint8_t *in, uint8_t *out, int32_t count, float in_scale, int32_t in_zero, float out_scale,
                    int32_t out_zero) {
    const float inverse = 1.0f / out_scale;
    const float scale = in_scale * inverse;
    const float bias = (float)-in_zero * scale;
    for (int32_t i = 0; i < count; i++) {
        const float product = (float)in[i] * scale;
        const float units = product + bias;
        out[i] = (uint8_t)mn_store_real((double)units, out_zero, mn_type_range(MN_UINT8));
    }
}

void mn_concatenation_u8_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_concatenation_params *p = task->params;
    mn_concatenation_any_ref(task, begin, end);
    if (p->scale == NULL) return;
    size_t row_bytes = 0;
    for (int32_t i = 0; i < p->input_count; i++) row_bytes += (size_t)p->width[i];
    uint8_t *out = (uint8_t *)task->output + (size_t)begin * row_bytes;
    for (int32_t row = begin; row < end; row++) {
        for (int32_t i = 0; i < p->input_count; i++) {
            if (p->scale[i] != p->out_scale || p->zero[i] != p->out_zero) {
                rescale(out, out, p->width[i], p->scale[i], p->zero[i], p->out_scale, p->out_zero);
            }
            out += p->width[i];
        }
    }
}

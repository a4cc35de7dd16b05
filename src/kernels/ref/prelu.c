/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

void mn_prelu_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_binary_params *p = task->params;
    const float *in = task->inputs[0], *slope = task->inputs[1];
    float *out = task->output;
    mn_walk a = mn_walk_from(p->dims, p->stride[0], begin), b = mn_walk_from(p->dims, p->stride[1], begin);
    for (int32_t i = begin; i < end; i++) {
        const float x = in[a.offset];
        out[i] = x >= 0 ? x : x * slope[b.offset];
        mn_walk_next(&a);
        mn_walk_next(&b);
    }
}

static void prelu_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_binary_params *p = task->params;
    const uint8_t *in = task->inputs[0], *slope = task->inputs[1];
    uint8_t *out = task->output;
    mn_walk a = mn_walk_from(p->dims, p->stride[0], begin), b = mn_walk_from(p->dims, p->stride[1], begin);
    for (int32_t i = begin; i < end; i++) {
        out[i] = mn_prelu_8bit_of(p, in[a.offset], slope[b.offset], sign);
        mn_walk_next(&a);
        mn_walk_next(&b);
    }
}

void mn_prelu_i8_ref(const mn_task *task, int32_t begin, int32_t end) { prelu_8bit(task, begin, end, MN_SIGN_I8); }

void mn_prelu_u8_ref(const mn_task *task, int32_t begin, int32_t end) { prelu_8bit(task, begin, end, MN_SIGN_U8); }

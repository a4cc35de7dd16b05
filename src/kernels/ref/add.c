/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

void mn_add_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_binary_params *p = task->params;
    const float *in0 = task->inputs[0], *in1 = task->inputs[1];
    float *out = task->output;
    mn_walk a = mn_walk_from(p->dims, p->stride[0], begin), b = mn_walk_from(p->dims, p->stride[1], begin);
    for (int32_t i = begin; i < end; i++) {
        const float x = in0[a.offset], y = in1[b.offset];
        out[i] = mn_clamp_f32(p->subtract ? x - y : x + y, p->range_f32);
        mn_walk_next(&a);
        mn_walk_next(&b);
    }
}

static void add_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_binary_params *p = task->params;
    const uint8_t *in0 = task->inputs[0], *in1 = task->inputs[1];
    uint8_t *out = task->output;
    mn_walk a = mn_walk_from(p->dims, p->stride[0], begin), b = mn_walk_from(p->dims, p->stride[1], begin);
    for (int32_t i = begin; i < end; i++) {
        out[i] = mn_add_8bit_of(p, in0[a.offset], in1[b.offset], sign);
        mn_walk_next(&a);
        mn_walk_next(&b);
    }
}

void mn_add_i8_ref(const mn_task *task, int32_t begin, int32_t end) { add_8bit(task, begin, end, MN_SIGN_I8); }

void mn_add_u8_ref(const mn_task *task, int32_t begin, int32_t end) { add_8bit(task, begin, end, MN_SIGN_U8); }

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

void mn_div_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_binary_params *p = task->params;
    const float *in0 = task->inputs[0], *in1 = task->inputs[1];
    float *out = task->output;
    mn_walk a = mn_walk_from(p->dims, p->stride[0], begin), b = mn_walk_from(p->dims, p->stride[1], begin);
    for (int32_t i = begin; i < end; i++) {
        out[i] = mn_clamp_f32(in0[a.offset] / in1[b.offset], p->range_f32);
        mn_walk_next(&a);
        mn_walk_next(&b);
    }
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

#include <string.h>

void mn_transpose_any_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_transpose_params *p = task->params;
    const size_t element = (size_t)p->element_bytes;
    const uint8_t *in = (const uint8_t *)task->inputs[0] + (size_t)p->in_first * element;
    uint8_t *out = task->output;
    mn_walk walk = mn_walk_from(p->out_dims, p->in_stride, begin);
    for (int32_t i = begin; i < end; i++) {
        memcpy(out + (size_t)i * element, in + mn_walk_signed(&walk) * (ptrdiff_t)element, element);
        mn_walk_next(&walk);
    }
}

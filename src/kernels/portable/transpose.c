/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Walks whose innermost dimension lies together in the input: copied run by run. */
#include "kernels/ref/ref.h"

#include <string.h>

enum { LAST = MN_MAX_RANK - 1, LEAST_RUN = 2 };

static bool transpose_any_need(const void *params, mn_kernel_need *need) {
    const mn_transpose_params *p = params;
    *need = (mn_kernel_need){0};
    return p->in_stride[LAST] == 1 && p->out_dims[LAST] >= LEAST_RUN;
}

const mn_kernel_traits mn_transpose_any_portable_traits = {.need = transpose_any_need};

void mn_transpose_any_portable(const mn_task *task, int32_t begin, int32_t end) {
    const mn_transpose_params *p = task->params;
    const size_t element = (size_t)p->element_bytes;
    const uint8_t *in = (const uint8_t *)task->inputs[0] + (size_t)p->in_first * element;
    uint8_t *out = (uint8_t *)task->output + (size_t)begin * element;
    /* The walk goes over runs: its last dimension is the one before. */
    int32_t runs[MN_MAX_RANK], stride[MN_MAX_RANK];
    runs[0] = 1, stride[0] = 0;
    memcpy(runs + 1, p->out_dims, LAST * sizeof runs[0]);
    memcpy(stride + 1, p->in_stride, LAST * sizeof stride[0]);
    mn_walk walk = mn_walk_from(runs, stride, begin / p->out_dims[LAST]);
    for (int32_t first = begin % p->out_dims[LAST]; begin < end; first = 0) {
        const int32_t count = mn_min_i32(p->out_dims[LAST] - first, end - begin);
        memcpy(out, in + (mn_walk_signed(&walk) + first) * (ptrdiff_t)element, (size_t)count * element);
        out += (size_t)count * element;
        begin += count;
        mn_walk_next(&walk);
    }
}

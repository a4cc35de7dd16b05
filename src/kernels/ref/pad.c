/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

#include <string.h>

enum { LAST = MN_MAX_RANK - 1 };

/** Finds the input row behind output row `row`; false when it is padding. */
static bool input_row(const mn_pad_params *p, int32_t row, size_t *offset) {
    size_t stride = (size_t)p->in_dims[LAST];
    *offset = 0;
    for (int d = LAST - 1; d >= 0; d--) {
        const int32_t index = row % p->out_dims[d] - p->before[d];
        if (index < 0 || index >= p->in_dims[d]) return false;
        *offset += (size_t)index * stride;
        stride *= (size_t)p->in_dims[d];
        row /= p->out_dims[d];
    }
    return true;
}

static uint8_t *fill(const mn_pad_params *p, uint8_t *out, int32_t count) {
    for (int32_t i = 0; i < count; i++, out += p->element_bytes) memcpy(out, p->value, (size_t)p->element_bytes);
    return out;
}

void mn_pad_any_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_pad_params *p = task->params;
    const size_t element = (size_t)p->element_bytes, width = (size_t)p->in_dims[LAST];
    const uint8_t *in = task->inputs[0];
    uint8_t *out = (uint8_t *)task->output + (size_t)begin * (size_t)p->out_dims[LAST] * element;
    for (int32_t row = begin; row < end; row++) {
        size_t offset = 0;
        if (!input_row(p, row, &offset)) {
            out = fill(p, out, p->out_dims[LAST]);
            continue;
        }
        out = fill(p, out, p->before[LAST]);
        memcpy(out, in + offset * element, width * element);
        out = fill(p, out + width * element, p->out_dims[LAST] - p->before[LAST] - p->in_dims[LAST]);
    }
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

#include <string.h>

void mn_resize_nearest_any_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_resize_params *p = task->params;
    const size_t pixel = (size_t)p->channels * (size_t)p->element_bytes, in_row = (size_t)p->in_w * pixel;
    uint8_t *out = (uint8_t *)task->output + (size_t)begin * (size_t)p->out_w * pixel;
    for (int32_t unit = begin; unit < end; unit++) {
        const size_t row = (size_t)(unit / p->out_h) * (size_t)p->in_h + (size_t)p->rows[unit % p->out_h].low;
        const uint8_t *in = (const uint8_t *)task->inputs[0] + row * in_row;
        for (int32_t x = 0; x < p->out_w; x++, out += pixel) memcpy(out, in + (size_t)p->columns[x].low * pixel, pixel);
    }
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

#include <string.h>

static size_t pixel_bytes(const mn_space_params *p) { return (size_t)p->channels * (size_t)p->element_bytes; }

static void fill(const mn_space_params *p, uint8_t *out) {
    for (int32_t i = 0; i < p->channels; i++, out += p->element_bytes) memcpy(out, p->value, (size_t)p->element_bytes);
}

void mn_space_to_batch_any_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_space_params *p = task->params;
    const size_t pixel = pixel_bytes(p);
    const uint8_t *in = task->inputs[0];
    uint8_t *out = (uint8_t *)task->output + (size_t)begin * (size_t)p->batch_w * pixel;
    for (int32_t unit = begin; unit < end; unit++) {
        const int32_t batch = unit / p->batch_h, cell = batch / p->images, image = batch % p->images;
        const int32_t y = unit % p->batch_h * p->block_h + cell / p->block_w - p->before_h;
        for (int32_t i = 0; i < p->batch_w; i++, out += pixel) {
            const int32_t x = i * p->block_w + cell % p->block_w - p->before_w;
            if (y < 0 || y >= p->h || x < 0 || x >= p->w) {
                fill(p, out);
            } else {
                memcpy(out, in + (((size_t)image * (size_t)p->h + (size_t)y) * (size_t)p->w + (size_t)x) * pixel,
                       pixel);
            }
        }
    }
}

void mn_batch_to_space_any_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_space_params *p = task->params;
    const size_t pixel = pixel_bytes(p);
    const uint8_t *in = task->inputs[0];
    uint8_t *out = (uint8_t *)task->output + (size_t)begin * (size_t)p->w * pixel;
    for (int32_t unit = begin; unit < end; unit++) {
        const int32_t image = unit / p->h, y = unit % p->h + p->before_h;
        for (int32_t i = 0; i < p->w; i++, out += pixel) {
            const int32_t x = i + p->before_w;
            const int32_t batch = (y % p->block_h * p->block_w + x % p->block_w) * p->images + image;
            const size_t row = (size_t)batch * (size_t)p->batch_h + (size_t)(y / p->block_h);
            memcpy(out, in + (row * (size_t)p->batch_w + (size_t)(x / p->block_w)) * pixel, pixel);
        }
    }
}

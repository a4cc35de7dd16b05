/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution, and MEAN or AVERAGE_POOL_2D over whole images. */
#include "kernels/ref/ref.h"

/* One result of the convolution. */
static uint8_t result_at(const mn_task *task, int32_t row, int32_t x, int32_t c, int32_t sign) {
    const mn_conv_params *p = &((const mn_conv_mean_params *)task->params)->conv;
    return mn_conv_8bit_at(p, task->inputs[0], task->inputs[1], task->inputs[2], row, x, c, sign);
}

static uint8_t mean_of_channel(const mn_task *task, int32_t batch, int32_t c, int32_t sign) {
    const mn_conv_mean_params *p = task->params;
    const mn_window *w = &p->conv.window;
    const int32_t pixels = w->out_h * w->out_w, zero = p->pooling == MN_POOLING_MEAN ? p->mean.in_zero : 0;
    int32_t sum = 0;
    for (int32_t i = 0; i < pixels; i++) {
        const uint8_t result = result_at(task, batch * w->out_h + i / w->out_w, i % w->out_w, c, sign);
        sum = mn_wrap_add(sum, mn_stored(result, sign) - zero);
    }
    if (p->pooling == MN_POOLING_AVERAGE) return mn_average_8bit_of(sum, pixels, p->range);
    const mn_mean_params *m = &p->mean;
    return (uint8_t)mn_store_i32(sum, m->multiplier, m->shift, m->out_zero, mn_sign_range(sign));
}

static void run(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_conv_mean_params *p = task->params;
    const int32_t channels = p->conv.window.out_c, units = (channels - 1) / MN_CONV_MEAN_CHANNELS + 1;
    for (int32_t unit = begin; unit < end; unit++) {
        const int32_t batch = unit / units, first = unit % units * MN_CONV_MEAN_CHANNELS;
        uint8_t *out = (uint8_t *)task->output + (size_t)batch * (size_t)channels;
        for (int32_t c = first; c < mn_min_i32(first + MN_CONV_MEAN_CHANNELS, channels); c++) {
            out[c] =
                p->pooling == MN_POOLING_NONE ? result_at(task, 0, 0, c, sign) : mean_of_channel(task, batch, c, sign);
        }
    }
}

void mn_conv_mean_i8_ref(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_SIGN_I8); }

void mn_conv_mean_u8_ref(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_SIGN_U8); }

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A convolution and the depthwise convolution behind it, to panels: one channel after another, through workspace that
 * holds the convolution's image of that channel. */
#include <string.h>

#include "kernels/ref/ref.h"

/* One channel of one image, and the rows of the output that a unit has: [first, last). */
typedef struct job {
    const mn_task *task;
    int32_t sign, batch, channel, first, last;
} job;

static bool conv_depthwise_need(const void *params, mn_kernel_need *need) {
    const mn_window *w = &((const mn_conv_depthwise_params *)params)->conv.window;
    *need = (mn_kernel_need){.workspace_bytes = (size_t)w->out_h * (size_t)w->out_w};
    return true;
}

const mn_kernel_traits mn_conv_depthwise_ref_traits = {.need = conv_depthwise_need};

static size_t input_bytes(const mn_conv_depthwise_params *p) {
    const mn_window *w = &p->conv.window;
    return (size_t)w->batches * (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c;
}

static bool conv_depthwise_u8_i8_need(const void *params, mn_kernel_need *need) {
    if (!conv_depthwise_need(params, need)) return false;
    need->workspace_bytes += input_bytes(params);
    return true;
}

const mn_kernel_traits mn_conv_depthwise_u8_i8_ref_traits = {.need = conv_depthwise_u8_i8_need};

/* The rows of the convolution that the unit's windows meet, into workspace, [out_h][out_w]. */
static void convolve(const job *j) {
    const mn_conv_depthwise_params *p = j->task->params;
    const mn_window *w = &p->conv.window, *d = &p->depthwise.window;
    const mn_taps top = mn_taps_inside(j->first, d->stride_h, d->pad_top, d->dilation_h, d->k_h, d->in_h);
    const mn_taps bottom = mn_taps_inside(j->last - 1, d->stride_h, d->pad_top, d->dilation_h, d->k_h, d->in_h);
    const int64_t last = bottom.origin + (int64_t)(d->k_h - 1) * d->dilation_h;
    uint8_t *plane = j->task->workspace;
    for (int32_t y = 0; y < w->out_h; y++) {
        if (y < top.origin || y > last) continue;
        for (int32_t x = 0; x < w->out_w; x++) {
            plane[(size_t)y * (size_t)w->out_w + (size_t)x] =
                mn_conv_8bit_at(&p->conv, j->task->inputs[0], j->task->inputs[1], j->task->inputs[2],
                                j->batch * w->out_h + y, x, j->channel, j->sign);
        }
    }
}

/* One channel of rows of panels up to `end`; what does not exist is 0. */
static void store_channel(const job *j, const mn_panels *panels, int32_t end) {
    const mn_task *task = j->task;
    const mn_conv_params *p = &((const mn_conv_depthwise_params *)task->params)->depthwise;
    const bool exists = j->channel < p->window.out_c;
    if (exists) convolve(j);
    for (int32_t y = j->first; y < end * MN_PANEL_ROWS; y++) {
        for (int32_t x = 0; x < p->window.out_w; x++) {
            uint8_t value = 0;
            if (exists && y < j->last) {
                value = (uint8_t)j->sign ^ mn_depthwise_8bit_at(p, task->workspace, 1, task->inputs[3], task->inputs[4],
                                                                y, x, j->channel, j->sign);
            }
            ((uint8_t *)task->output)[mn_panel_at(panels, j->batch, y, x, j->channel)] = value;
        }
    }
}

/* Rows of panels [begin, end) of one block of channels. */
static void run_band(job *j, const mn_panels *panels, int32_t block, int32_t begin, int32_t end) {
    const int32_t channels = mn_panel_block_vectors(panels, block) * MN_PANEL_CHANNELS;
    j->first = begin * MN_PANEL_ROWS;
    j->last =
        mn_min_i32(end * MN_PANEL_ROWS, ((const mn_conv_depthwise_params *)j->task->params)->depthwise.window.out_h);
    j->channel = block * MN_PANEL_BLOCK * MN_PANEL_CHANNELS;
    for (int32_t i = 0; i < channels; i++, j->channel++) store_channel(j, panels, end);
}

static void run(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_conv_depthwise_params *p = task->params;
    const mn_window *w = &p->depthwise.window;
    const mn_panels panels = mn_panels_of(w->out_h, w->out_w, w->out_c);
    for (int32_t unit = begin; unit < end; unit++) {
        const int64_t band = unit / panels.blocks % p->bands;
        job j = {.task = task, .sign = sign, .batch = unit / panels.blocks / p->bands};
        run_band(&j, &panels, unit % panels.blocks, (int32_t)(panels.rows * band / p->bands),
                 (int32_t)(panels.rows * (band + 1) / p->bands));
    }
}

void mn_conv_depthwise_i8_ref(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_SIGN_I8); }

void mn_conv_depthwise_u8_ref(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_SIGN_U8); }

/* QUANTIZE, behind the workspace that `run` needs, and then the rest. */
void mn_conv_depthwise_u8_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    mn_kernel_need need;
    conv_depthwise_need(task->params, &need);
    uint8_t *image = (uint8_t *)task->workspace + need.workspace_bytes;
    const size_t bytes = input_bytes(task->params);
    for (size_t i = 0; i < bytes; i++) image[i] = ((const uint8_t *)task->inputs[0])[i] ^ 0x80;
    const void *inputs[5];
    memcpy(inputs, task->inputs, sizeof inputs);
    inputs[0] = image;
    mn_task behind = *task;
    behind.inputs = inputs;
    run(&behind, begin, end, MN_SIGN_I8);
}

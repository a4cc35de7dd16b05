/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The two halves of a float inverted residual, with blocks of channels (kernels/blocks.h) between them. */
#include "kernels/blocks.h"
#include "kernels/panel.h"
#include "kernels/ref/ref.h"

/* ---- CONV_DEPTHWISE ------------------------------------------------------------------------------------- */

/* One channel of one image, and the rows of the output that a unit has: [first, last). */
typedef struct job {
    const mn_task *task;
    int32_t batch, channel, first, last;
} job;

static bool conv_depthwise_f32_need(const void *params, mn_kernel_need *need) {
    const mn_window *w = &((const mn_conv_depthwise_params *)params)->conv.window;
    *need = (mn_kernel_need){.workspace_bytes = (size_t)w->out_h * (size_t)w->out_w * sizeof(float)};
    return true;
}

const mn_kernel_traits mn_conv_depthwise_f32_ref_traits = {.need = conv_depthwise_f32_need};

/* The rows of the convolution that the unit's windows meet, into workspace, [out_h][out_w]. */
static void convolve(const job *j) {
    const mn_conv_depthwise_params *p = j->task->params;
    const mn_window *w = &p->conv.window, *d = &p->depthwise.window;
    const int64_t top = (int64_t)j->first * d->stride_h - d->pad_top;
    const int64_t bottom = (int64_t)(j->last - 1) * d->stride_h - d->pad_top + (int64_t)(d->k_h - 1) * d->dilation_h;
    float *plane = j->task->workspace;
    for (int32_t y = 0; y < w->out_h; y++) {
        if (y < top || y > bottom) continue;
        for (int32_t x = 0; x < w->out_w; x++) {
            plane[(size_t)y * (size_t)w->out_w + (size_t)x] =
                mn_conv_f32_at(&p->conv, j->task->inputs[0], j->task->inputs[1], j->task->inputs[2],
                               j->batch * w->out_h + y, x, j->channel);
        }
    }
}

/* One channel of the unit; `out` is its place in row 0. */
static void store_channel(const job *j, const mn_blocks *blocks, float *out) {
    const mn_conv_params *p = &((const mn_conv_depthwise_params *)j->task->params)->depthwise;
    const bool exists = j->channel < p->window.out_c;
    if (exists) convolve(j);
    for (int32_t y = j->first; y < j->last; y++) {
        for (int32_t x = 0; x < p->window.out_w; x++) {
            const ptrdiff_t pixel = (ptrdiff_t)y * p->window.out_w + x;
            out[pixel * blocks->channels] = !exists ? 0.0f
                                                    : mn_depthwise_f32_at(p, j->task->workspace, 1, j->task->inputs[3],
                                                                          j->task->inputs[4], y, x, j->channel);
        }
    }
}

void mn_conv_depthwise_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_conv_depthwise_params *p = task->params;
    const mn_window *w = &p->depthwise.window;
    const mn_blocks blocks = mn_blocks_of(w->out_h, w->out_w, w->out_c);
    for (int32_t unit = begin; unit < end; unit++) {
        const int64_t band = unit / blocks.count % p->bands;
        const int32_t batch = unit / blocks.count / p->bands, block = unit % blocks.count;
        job j = {.task = task,
                 .batch = batch,
                 .channel = block * blocks.channels,
                 .first = (int32_t)(w->out_h * band / p->bands),
                 .last = (int32_t)(w->out_h * (band + 1) / p->bands)};
        for (int32_t i = 0; i < blocks.channels; i++, j.channel++) {
            store_channel(&j, &blocks, (float *)task->output + (batch * blocks.count + block) * blocks.size + i);
        }
    }
}

/* ---- PROJECT -------------------------------------------------------------------------------------------- */

/* One result of the convolution, whose input is the pixel at `in`. */
static float project_at(const mn_task *task, const mn_blocks *blocks, const float *in, int32_t c) {
    const mn_conv_params *p = &((const mn_project_params *)task->params)->conv;
    const int32_t depth = p->window.in_c;
    const float *weights = (const float *)task->inputs[1] + (size_t)c * (size_t)depth, *bias = task->inputs[2];
    float sum = 0;
    for (int32_t i = 0; i < depth; i++)
        sum += in[i / blocks->channels * blocks->size + i % blocks->channels] * weights[i];
    return mn_clamp_f32(sum + (bias != NULL ? bias[c] : 0.0f), p->range_f32);
}

static void run_row(const mn_task *task, const mn_blocks *blocks, const mn_project_range *range, int32_t row) {
    const mn_project_params *p = task->params;
    const mn_window *w = &p->conv.window;
    for (int32_t x = 0; x < w->out_w; x++) {
        size_t at = ((size_t)row * (size_t)w->out_w + (size_t)x) * (size_t)w->out_c + (size_t)range->first_channel;
        const ptrdiff_t pixel = (ptrdiff_t)(row % w->out_h) * w->out_w + x;
        const float *in = (const float *)task->inputs[0] + row / w->out_h * blocks->count * blocks->size;
        for (int32_t c = range->first_channel; c < range->last_channel; c++, at++) {
            float value = project_at(task, blocks, in + pixel * blocks->channels, c);
            if (p->adds) {
                const float other = ((const float *)task->inputs[3])[at];
                value = mn_clamp_f32(p->residual_first ? other + value : value + other, p->add.range_f32);
            }
            ((float *)task->output)[at] = value;
        }
    }
}

void mn_project_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_project_params *p = task->params;
    const mn_window *w = &p->conv.window;
    const mn_blocks blocks = mn_blocks_of(w->in_h, w->in_w, w->in_c);
    while (begin < end) {
        const mn_project_range range = mn_project_next(p, &begin, end);
        const int32_t top = range.batch * w->out_h;
        for (int32_t y = range.first_row; y < range.last_row; y++) run_row(task, &blocks, &range, top + y);
    }
}

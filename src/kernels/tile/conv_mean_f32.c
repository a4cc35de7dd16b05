/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A float pointwise convolution and the mean of its results over each image. For some channels after another all
 * results go into a workspace that the nearest cache holds, and are added up there. */
#include "base/checked.h"
#include "kernels/portable/window.h"
#include "kernels/tile/cut.h"
#include "kernels/tile/parts_f32.h"

/* Channels at a time, which make whole tiles of every tier; and results of each that the nearest cache holds. */
enum { CHANNELS = 3 * MN_PANEL, MOST_PIXELS = 32 * 1024 / (CHANNELS * (int)sizeof(float)) };

_Static_assert((int)MN_CONV_MEAN_CHANNELS == (int)MN_PANEL, "a unit is a panel");

static int32_t pixels_of(const mn_window *w) { return w->out_h * w->out_w; }

bool mn_conv_mean_f32_need(const void *params, mn_kernel_need *need) {
    const mn_conv_mean_params *p = params;
    const mn_window *w = &p->conv.window;
    if (p->pooling == MN_POOLING_NONE || w->out_h > MOST_PIXELS || w->out_w > MOST_PIXELS / w->out_h) return false;
    if (!mn_conv_f32_portable_need(&p->conv, need)) return false;
    need->workspace_bytes = (size_t)pixels_of(w) * CHANNELS * sizeof(float);
    return true;
}

/* The means of `channels` channels, of which the workspace has `stride`. */
static void average(const mn_task *task, int32_t stride, int32_t channels, float *out) {
    const mn_conv_mean_params *p = task->params;
    const int32_t pixels = pixels_of(&p->conv.window);
    const float *row = task->workspace;
    float sums[CHANNELS] = {0};
    for (int32_t i = 0; i < pixels; i++, row += stride) {
        for (int32_t c = 0; c < stride; c++) sums[c] += row[c];
    }
    for (int32_t c = 0; c < channels; c++) {
        const float mean = sums[c] / (float)pixels;
        out[c] = p->pooling == MN_POOLING_MEAN ? mean : mn_clamp_f32(mean, p->range_f32);
    }
}

/* Panels [first, last) of image `batch`. */
static void run_panels(const mn_parts_f32 *tier, const mn_task *task, int32_t batch, int32_t first, int32_t last) {
    const mn_conv_params *p = &((const mn_conv_mean_params *)task->params)->conv;
    const mn_window *w = &p->window;
    const int32_t channel = first * MN_PANEL;
    const float *bias = task->inputs[2];
    const mn_tiles t = {.in = (const float *)task->inputs[0] + (ptrdiff_t)batch * pixels_of(w) * w->in_c,
                        .in_stride = w->in_c,
                        .runs = {.rows = 1, .cols = 1, .length = w->in_c},
                        .last = w->in_c,
                        .weights = (const float *)task->packed + (ptrdiff_t)channel * w->in_c,
                        .panel_stride = (ptrdiff_t)w->in_c * MN_PANEL,
                        .bias = bias == NULL ? NULL : bias + channel,
                        .range = p->range_f32,
                        .out = task->workspace,
                        .out_stride = (last - first) * MN_PANEL,
                        .pixels = pixels_of(w),
                        .channels = mn_min_i32(w->out_c, last * MN_PANEL) - channel,
                        .whole = true};
    tier->tiles(&t);
    average(task, (last - first) * MN_PANEL, t.channels, (float *)task->output + (ptrdiff_t)batch * w->out_c + channel);
}

void mn_conv_mean_f32_run(const mn_parts_f32 *tier, const mn_task *task, int32_t begin, int32_t end) {
    const mn_window *w = &((const mn_conv_mean_params *)task->params)->conv.window;
    const int32_t panels = mn_groups_of(w->out_c, MN_PANEL);
    for (int32_t unit = begin, next; unit < end; unit = next) {
        const int32_t first = unit % panels, last = mn_min_i32(first + CHANNELS / MN_PANEL, panels);
        next = mn_min_i32(unit - first + last, end);
        run_panels(tier, task, unit / panels, first, first + next - unit);
    }
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A float pointwise convolution from blocks of channels, and the ADD behind it. */
#include "base/checked.h"
#include "kernels/tile/cut.h"
#include "kernels/tile/layouts.h"
#include "kernels/tile/parts_f32.h"

/* ADD's operands may change places, SUB's not. */
bool mn_project_f32_need(const void *params, mn_kernel_need *need) {
    const mn_project_params *p = params;
    return !(p->adds && p->add.subtract) && mn_window_is_pointwise(&p->conv.window) &&
           mn_conv_f32_portable_need(&p->conv, need);
}

void mn_project_f32_layouts(const void *params, mn_layout *in, mn_layout *out) {
    (void)out;
    *in = mn_layout_f32(((const mn_project_params *)params)->conv.window.in_c);
}

/* Rows of a range follow each other in input and output. */
void mn_project_f32_run(const mn_parts_f32 *tier, const mn_task *task, int32_t begin, int32_t end) {
    const mn_project_params *p = task->params;
    const mn_window *w = &p->conv.window;
    const mn_extent blocks = mn_extent_of(mn_layout_f32(w->in_c), w->in_h, w->in_w, w->in_c);
    const int32_t channels = blocks.layout.block; /* of a block */
    const ptrdiff_t block = (ptrdiff_t)mn_extent_offset(&blocks, 1, 0);
    const float *bias = task->inputs[2];
    mn_tiles t = {.in_stride = channels,
                  .runs = {.rows = blocks.blocks, .cols = 1, .length = channels, .in_row = block, .k_row = channels},
                  .last = w->in_c - (blocks.blocks - 1) * channels,
                  .panel_stride = (ptrdiff_t)w->in_c * MN_PANEL,
                  .range = p->conv.range_f32,
                  .added_range = p->add.range_f32,
                  .out_stride = w->out_c};
    while (begin < end) {
        const mn_project_range range = mn_project_next(w, task->cut, &begin, end);
        const ptrdiff_t row = (ptrdiff_t)range.batch * w->out_h + range.first_row;
        const ptrdiff_t at = row * w->out_w * w->out_c + range.first_channel;
        t.in = (const float *)task->inputs[0] + range.batch * blocks.blocks * block +
               (ptrdiff_t)range.first_row * w->out_w * channels;
        t.weights = (const float *)task->packed + range.first_channel / MN_PANEL * t.panel_stride;
        t.bias = bias ? bias + range.first_channel : NULL;
        t.added = p->adds ? (const float *)task->inputs[3] + at : NULL;
        t.out = (float *)task->output + at;
        t.pixels = (range.last_row - range.first_row) * w->out_w;
        t.channels = range.last_channel - range.first_channel;
        tier->tiles(&t);
    }
}

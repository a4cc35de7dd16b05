/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A float pointwise convolution from blocks of channels, and the ADD behind it. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "base/checked.h"
#include "kernels/blocks.h"
#include "kernels/portable/window.h"
#include "kernels/x86/parts_f32.h"

/* ADD's operands may change places, SUB's not. */
bool mn_project_f32_need(const void *params, mn_kernel_need *need) {
    const mn_project_params *p = params;
    return !(p->adds && p->add.subtract) && mn_window_is_pointwise(&p->conv.window) &&
           mn_conv_f32_portable_need(&p->conv, need);
}

void mn_project_f32_pack(const void *params, const void *const *constants, void *packed) {
    mn_conv_f32_avx2_pack(&((const mn_project_params *)params)->conv, constants, packed);
}

/* Rows of one image follow each other in input and output. */
static void run(const mn_task *task, int32_t begin, int32_t end, void (*tiles)(const mn_tiles *)) {
    const mn_project_params *p = task->params;
    const mn_window *w = &p->conv.window;
    const mn_blocks blocks = mn_blocks_of(w->in_h, w->in_w, w->in_c);
    mn_tiles t = {.in_step = blocks.channels,
                  .runs = {.rows = blocks.count,
                           .cols = 1,
                           .length = blocks.channels,
                           .in_row = blocks.size,
                           .k_row = blocks.channels},
                  .last = w->in_c - (blocks.count - 1) * blocks.channels,
                  .weights = task->packed,
                  .panel_stride = (ptrdiff_t)w->in_c * MN_PANEL,
                  .bias = task->inputs[2],
                  .range = p->conv.range_f32,
                  .added_range = p->add.range_f32,
                  .out_step = w->out_c,
                  .channels = w->out_c};
    const int32_t per_image = (w->out_h - 1) / p->unit_rows + 1;
    for (int32_t unit = begin, next; unit < end; unit = next) {
        next = mn_min_i32(end, unit - unit % per_image + per_image);
        const int32_t first = unit % per_image * p->unit_rows;
        const int32_t last = mn_min_i32(w->out_h, first + (next - unit) * p->unit_rows);
        const ptrdiff_t batch = unit / per_image, at = (batch * w->out_h + first) * w->out_w * w->out_c;
        t.in = (const float *)task->inputs[0] + batch * blocks.count * blocks.size +
               (ptrdiff_t)first * w->out_w * blocks.channels;
        t.added = p->adds ? (const float *)task->inputs[3] + at : NULL;
        t.out = (float *)task->output + at;
        t.pixels = (last - first) * w->out_w;
        tiles(&t);
    }
}

void mn_project_f32_avx2(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, mn_tiles_f32_avx2); }

void mn_project_f32_avx512(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, mn_tiles_f32_avx512);
}

#endif

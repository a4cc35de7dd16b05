/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution from panels, and the ADD behind it. */
#include "kernels/ref/ref.h"

/* One result of the convolution; panels hold stored bytes without their sign. */
static uint8_t project_at(const mn_task *task, const mn_panels *panels, int32_t row, int32_t x, int32_t c,
                          int32_t sign) {
    const mn_conv_params *p = &((const mn_project_params *)task->params)->conv;
    const mn_window *w = &p->window;
    const uint8_t *in = task->inputs[0], *weights = (const uint8_t *)task->inputs[1] + (size_t)c * (size_t)w->in_c;
    const int32_t *bias = task->inputs[2], weight_zero = mn_weight_zero(p, sign);
    int32_t sum = bias != NULL ? bias[c] : 0;
    for (int32_t i = 0; i < w->in_c; i++) {
        const int32_t value = in[mn_panel_at(panels, row / w->in_h, row % w->in_h, x, i)] - sign;
        sum = mn_wrap_add(sum, (value - p->in_zero) * (mn_stored(weights[i], sign) - weight_zero));
    }
    return (uint8_t)mn_store_i32(sum, p->multiplier[c], p->shift[c], p->out_zero, p->range);
}

static void run_row(const mn_task *task, const mn_panels *panels, const mn_project_range *range, int32_t row,
                    int32_t sign) {
    const mn_project_params *p = task->params;
    const mn_window *w = &p->conv.window;
    for (int32_t x = 0; x < w->out_w; x++) {
        size_t at = ((size_t)row * (size_t)w->out_w + (size_t)x) * (size_t)w->out_c + (size_t)range->first_channel;
        for (int32_t c = range->first_channel; c < range->last_channel; c++, at++) {
            uint8_t value = project_at(task, panels, row, x, c, sign);
            if (p->adds) {
                const uint8_t other = ((const uint8_t *)task->inputs[3])[at];
                value = p->residual_first ? mn_add_8bit_of(&p->add, other, value, sign)
                                          : mn_add_8bit_of(&p->add, value, other, sign);
            }
            ((uint8_t *)task->output)[at] = value;
        }
    }
}

static void run(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_project_params *p = task->params;
    const mn_window *w = &p->conv.window;
    const mn_panels panels = mn_panels_of(w->in_h, w->in_w, w->in_c);
    while (begin < end) {
        const mn_project_range range = mn_project_next(p, &begin, end);
        const int32_t top = range.batch * w->out_h;
        for (int32_t y = range.first_row; y < range.last_row; y++) run_row(task, &panels, &range, top + y, sign);
    }
}

void mn_project_i8_ref(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_SIGN_I8); }

void mn_project_u8_ref(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_SIGN_U8); }

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

static void run_row(const mn_task *task, const mn_panels *panels, int32_t row, int32_t sign) {
    const mn_project_params *p = task->params;
    const mn_window *w = &p->conv.window;
    size_t at = (size_t)row * (size_t)w->out_w * (size_t)w->out_c;
    for (int32_t x = 0; x < w->out_w; x++) {
        for (int32_t c = 0; c < w->out_c; c++, at++) {
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
    const int32_t per_image = mn_panel_count(w->out_h, p->unit_rows);
    for (int32_t unit = begin; unit < end; unit++) {
        const int32_t first = unit % per_image * p->unit_rows, top = unit / per_image * w->out_h;
        const int32_t last = mn_min_i32(first + p->unit_rows, w->out_h);
        for (int32_t y = first; y < last; y++) run_row(task, &panels, top + y, sign);
    }
}

void mn_project_i8_ref(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_SIGN_I8); }

void mn_project_u8_ref(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_SIGN_U8); }

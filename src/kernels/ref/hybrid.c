/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Hybrid operators: float activations, 8-bit weights. Workspace: an image or row as int8. */
#include "kernels/dynamic.h"
#include "kernels/ref/ref.h"

static mn_dynamic quantise(const float *in, size_t count, bool asymmetric, int8_t *out) {
    float low = in[0], high = in[0];
    for (size_t i = 1; i < count; i++) {
        if (in[i] < low) low = in[i];
        if (in[i] > high) high = in[i];
    }
    const mn_dynamic d = mn_dynamic_of(low, high, asymmetric);
    for (size_t i = 0; i < count; i++) out[i] = mn_dynamic_store(&d, in[i]);
    return d;
}

static size_t image_count(const mn_window *w) { return (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c; }

static bool hybrid_conv_need(const void *params, mn_kernel_need *need) {
    const mn_hybrid_conv_params *p = params;
    *need = (mn_kernel_need){.workspace_bytes = image_count(&p->conv.window)};
    return true;
}

const mn_kernel_traits mn_hybrid_conv_ref_traits = {.need = hybrid_conv_need};

/* One output row; `image` is what its image became. */
static void conv_row(const mn_task *task, const mn_dynamic *d, const uint8_t *image, int32_t row) {
    const mn_hybrid_conv_params *p = task->params;
    const mn_window *w = &p->conv.window;
    const float *bias = task->inputs[2];
    const int32_t y = row % w->out_h, multiplier = p->depthwise ? w->out_c / w->in_c : 1;
    float *out = (float *)task->output + (size_t)row * (size_t)w->out_w * (size_t)w->out_c;
    for (int32_t x = 0; x < w->out_w; x++) {
        for (int32_t c = 0; c < w->out_c; c++) {
            const int32_t acc =
                p->depthwise ? mn_depthwise_8bit_acc(&p->conv, image + c / multiplier, (size_t)w->in_c, d->zero,
                                                     task->inputs[1], y, x, c, MN_SIGN_I8)
                             : mn_conv_8bit_acc(&p->conv, image, 0, d->zero, task->inputs[1], y, x, c, MN_SIGN_I8);
            const float real = mn_hybrid_conv_real(p, d, acc, c);
            *out++ = mn_clamp_f32(real + (bias != NULL ? bias[c] : 0.0f), p->conv.range_f32);
        }
    }
}

static void conv(const mn_task *task, int32_t begin, int32_t end) {
    const mn_hybrid_conv_params *p = task->params;
    const mn_window *w = &p->conv.window;
    const size_t count = image_count(w);
    mn_dynamic d = {0};
    for (int32_t row = begin; row < end; row++) {
        if (row == begin || row % w->out_h == 0) {
            const float *image = (const float *)task->inputs[0] + (size_t)(row / w->out_h) * count;
            d = quantise(image, count, p->asymmetric, task->workspace);
        }
        conv_row(task, &d, task->workspace, row);
    }
}

void mn_conv_f32_i8_ref(const mn_task *task, int32_t begin, int32_t end) { conv(task, begin, end); }

void mn_depthwise_f32_i8_ref(const mn_task *task, int32_t begin, int32_t end) { conv(task, begin, end); }

static bool hybrid_fully_connected_need(const void *params, mn_kernel_need *need) {
    const mn_hybrid_fully_connected_params *p = params;
    *need = (mn_kernel_need){.workspace_bytes = (size_t)p->in_c};
    return true;
}

const mn_kernel_traits mn_hybrid_fully_connected_ref_traits = {.need = hybrid_fully_connected_need};

void mn_fully_connected_f32_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_hybrid_fully_connected_params *p = task->params;
    const int8_t *weights = task->inputs[1];
    const float *bias = task->inputs[2];
    int8_t *in = task->workspace;
    mn_dynamic d = {0};
    for (int32_t i = begin; i < end; i++) {
        const int32_t c = i % p->out_c;
        const size_t depth = (size_t)p->in_c;
        if (i == begin || c == 0) {
            d = quantise((const float *)task->inputs[0] + (size_t)(i / p->out_c) * depth, depth, p->asymmetric, in);
        }
        int32_t acc = 0;
        for (size_t k = 0; k < depth; k++) acc = mn_wrap_add(acc, (in[k] - d.zero) * weights[(size_t)c * depth + k]);
        const float scale = p->scale[c] * d.scale, real = (float)acc * scale;
        ((float *)task->output)[i] = mn_clamp_f32((bias != NULL ? bias[c] : 0.0f) + real, p->range_f32);
    }
}

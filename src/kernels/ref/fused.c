/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Operators that run as one are what they are one by one: each by its reference, through workspace that holds the
 * tensor between them. All layouts are NHWC, all units images. */
#include <string.h>

#include "kernels/ref/ref.h"

static size_t in_elements(const mn_window *w) {
    return (size_t)w->batches * (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c;
}

static size_t out_image(const mn_window *w) { return (size_t)w->out_h * (size_t)w->out_w * (size_t)w->out_c; }

static size_t out_elements(const mn_window *w) { return (size_t)w->batches * out_image(w); }

/* ---- CONV_DEPTHWISE -------------------------------------------------------------------------------------- */

static bool need_between_8bit(const void *params, mn_kernel_need *need) {
    need->workspace_bytes = out_elements(&((const mn_conv_depthwise_params *)params)->conv.window);
    return true;
}

static bool need_between_f32(const void *params, mn_kernel_need *need) {
    need->workspace_bytes = out_elements(&((const mn_conv_depthwise_params *)params)->conv.window) * sizeof(float);
    return true;
}

/* And the input as int8. */
static bool need_between_u8_i8(const void *params, mn_kernel_need *need) {
    const mn_window *w = &((const mn_conv_depthwise_params *)params)->conv.window;
    need->workspace_bytes = out_elements(w) + in_elements(w);
    return true;
}

static void conv_depthwise(const mn_task *task, const void *in, int32_t begin, int32_t end, mn_kernel_fn conv,
                           mn_kernel_fn depthwise) {
    const mn_conv_depthwise_params *p = task->params;
    const int32_t between = p->conv.window.out_h, rows = p->depthwise.window.out_h;
    const void *const first[] = {in, task->inputs[1], task->inputs[2]};
    const void *const second[] = {task->workspace, task->inputs[3], task->inputs[4]};
    const mn_task convolve = {.params = &p->conv, .inputs = first, .output = task->workspace};
    const mn_task filter = {.params = &p->depthwise, .inputs = second, .output = task->output};
    conv(&convolve, begin * between, end * between);
    depthwise(&filter, begin * rows, end * rows);
}

void mn_conv_depthwise_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    conv_depthwise(task, task->inputs[0], begin, end, mn_conv_i8_ref, mn_depthwise_i8_ref);
}

void mn_conv_depthwise_u8_ref(const mn_task *task, int32_t begin, int32_t end) {
    conv_depthwise(task, task->inputs[0], begin, end, mn_conv_u8_ref, mn_depthwise_u8_ref);
}

/* QUANTIZE to int8 of the same scale flips the top bit. */
void mn_conv_depthwise_u8_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_window *w = &((const mn_conv_depthwise_params *)task->params)->conv.window;
    const uint8_t *in = task->inputs[0];
    uint8_t *flipped = (uint8_t *)task->workspace + out_elements(w);
    for (size_t i = 0; i < in_elements(w); i++) flipped[i] = in[i] ^ MN_SIGN_I8;
    conv_depthwise(task, flipped, begin, end, mn_conv_i8_ref, mn_depthwise_i8_ref);
}

void mn_conv_depthwise_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    conv_depthwise(task, task->inputs[0], begin, end, mn_conv_f32_ref, mn_depthwise_f32_ref);
}

/* ---- PROJECT --------------------------------------------------------------------------------------------- */

static bool need_sum_8bit(const void *params, mn_kernel_need *need) {
    const mn_project_params *p = params;
    need->workspace_bytes = p->adds ? out_elements(&p->conv.window) : 0;
    return true;
}

static bool need_sum_f32(const void *params, mn_kernel_need *need) {
    need_sum_8bit(params, need);
    need->workspace_bytes *= sizeof(float);
    return true;
}

static void project(const mn_task *task, int32_t begin, int32_t end, mn_kernel_fn conv, mn_kernel_fn add) {
    const mn_project_params *p = task->params;
    const int32_t rows = p->conv.window.out_h, image = (int32_t)out_image(&p->conv.window);
    const mn_task convolve = {
        .params = &p->conv, .inputs = task->inputs, .output = p->adds ? task->workspace : task->output};
    conv(&convolve, begin * rows, end * rows);
    if (!p->adds) return;
    const void *const operands[] = {p->residual_first ? task->inputs[3] : task->workspace,
                                    p->residual_first ? task->workspace : task->inputs[3]};
    const mn_task sum = {.params = &p->add, .inputs = operands, .output = task->output};
    add(&sum, begin * image, end * image);
}

void mn_project_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    project(task, begin, end, mn_conv_i8_ref, mn_add_i8_ref);
}

void mn_project_u8_ref(const mn_task *task, int32_t begin, int32_t end) {
    project(task, begin, end, mn_conv_u8_ref, mn_add_u8_ref);
}

void mn_project_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    project(task, begin, end, mn_conv_f32_ref, mn_add_f32_ref);
}

/* ---- CONV_MEAN ------------------------------------------------------------------------------------------- */

static bool need_mean(const void *params, mn_kernel_need *need) {
    const mn_conv_mean_params *p = params;
    need->workspace_bytes = p->pooling == MN_POOLING_NONE ? 0 : out_elements(&p->conv.window);
    return true;
}

static bool need_mean_f32(const void *params, mn_kernel_need *need) {
    need_mean(params, need);
    need->workspace_bytes *= sizeof(float);
    return true;
}

/* One window over the whole image. */
static mn_pool_params whole_pool(const mn_conv_mean_params *p) {
    mn_window w = p->conv.window;
    w.in_h = w.k_h = w.out_h, w.in_w = w.k_w = w.out_w, w.in_c = w.out_c;
    w.out_h = w.out_w = w.stride_h = w.stride_w = 1;
    return (mn_pool_params){.window = w, .range_f32 = p->range_f32, .range = p->range};
}

static void conv_mean(const mn_task *task, int32_t begin, int32_t end, mn_kernel_fn conv, mn_kernel_fn mean,
                      mn_kernel_fn pool) {
    const mn_conv_mean_params *p = task->params;
    const int32_t rows = p->conv.window.out_h, channels = p->conv.window.out_c;
    const bool alone = p->pooling == MN_POOLING_NONE;
    const mn_task convolve = {
        .params = &p->conv, .inputs = task->inputs, .output = alone ? task->output : task->workspace};
    conv(&convolve, begin * rows, end * rows);
    const mn_pool_params whole = whole_pool(p);
    const void *const between[] = {task->workspace};
    mn_task average = {.params = &whole, .inputs = between, .output = task->output};
    if (p->pooling == MN_POOLING_AVERAGE) pool(&average, begin, end);
    average.params = &p->mean;
    if (p->pooling == MN_POOLING_MEAN) mean(&average, begin * channels, end * channels);
}

void mn_conv_mean_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    conv_mean(task, begin, end, mn_conv_i8_ref, mn_mean_i8_ref, mn_average_pool_i8_ref);
}

void mn_conv_mean_u8_ref(const mn_task *task, int32_t begin, int32_t end) {
    conv_mean(task, begin, end, mn_conv_u8_ref, mn_mean_u8_ref, mn_average_pool_u8_ref);
}

void mn_conv_mean_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    conv_mean(task, begin, end, mn_conv_f32_ref, mn_mean_f32_ref, mn_average_pool_f32_ref);
}

const mn_kernel_traits mn_conv_depthwise_8bit_ref_traits = {.need = need_between_8bit};
const mn_kernel_traits mn_conv_depthwise_u8_i8_ref_traits = {.need = need_between_u8_i8};
const mn_kernel_traits mn_conv_depthwise_f32_ref_traits = {.need = need_between_f32};
const mn_kernel_traits mn_project_8bit_ref_traits = {.need = need_sum_8bit};
const mn_kernel_traits mn_project_f32_ref_traits = {.need = need_sum_f32};
const mn_kernel_traits mn_conv_mean_8bit_ref_traits = {.need = need_mean};
const mn_kernel_traits mn_conv_mean_f32_ref_traits = {.need = need_mean_f32};

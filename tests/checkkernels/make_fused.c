/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Cases of operators that run as one: a convolution with a depthwise one behind it, and a projection with its ADD. */
#include "base/checked.h"
#include "checkkernels/check.h"
#include "kernels/quant.h"

#include <stdio.h>
#include <string.h>

/* ---- CONV_DEPTHWISE ---- */

static int64_t depth_of(const mn_conv_params *p) {
    return (int64_t)p->window.k_h * p->window.k_w * (p->window.in_c / p->groups);
}

/* What the types of both operators have in common. */
static bool fill_both(check_case *c, check_rng *r, mn_type type, mn_conv_depthwise_params *p) {
    p->conv.range_f32 = check_range_f32(r), p->depthwise.range_f32 = check_range_f32(r);
    if (type == MN_FLOAT32) return true;
    if (!check_is_quantized(type)) return false;
    check_fill_conv(c, r, type, &p->conv, depth_of(&p->conv));
    if (r->plain) { /* RELU6 */
        p->conv.range = mn_type_range(type);
        p->conv.out_zero = p->conv.range.min;
    }
    check_fill_conv(c, r, type, &p->depthwise, depth_of(&p->depthwise) / p->depthwise.window.in_c);
    p->depthwise.in_zero = p->conv.out_zero;
    return true;
}

/* At times a channel has no weights but those of zero and a large bias, as training leaves some: those of inputs
 * `weights` and the next. Its weights are `step` apart, those of the next channel `to_next`. */
static void empty_channel(check_case *c, check_rng *r, const mn_conv_params *p, int32_t weights, int64_t depth,
                          int64_t step, int64_t to_next) {
    uint8_t *bias = c->inputs[weights + 1].data;
    if (r->plain || !bias || !check_one_in(r, 4)) return;
    const int32_t channel = check_between(r, 0, p->window.out_c - 1);
    uint8_t *of_channel = (uint8_t *)c->inputs[weights].data + channel * to_next;
    for (int64_t i = 0; i < depth; i++) of_channel[i * step] = (uint8_t)p->weight_zero;
    const int32_t large = check_between(r, -(1 << 28), 1 << 28);
    memcpy(bias + (size_t)channel * sizeof large, &large, sizeof large);
}

/* Everything once both windows are known. */
static bool fill_conv_depthwise(check_case *c, check_rng *r, mn_type in, mn_type type) {
    mn_conv_depthwise_params *p = &c->params.conv_depthwise;
    const mn_window *w = &p->conv.window, *d = &p->depthwise.window;
    const int64_t depth = depth_of(&p->conv), taps = (int64_t)d->k_h * d->k_w;
    if (in != type && (in != MN_UINT8 || type != MN_INT8)) return false;
    if (!fill_both(c, r, type, p)) return false;
    check_add_input(c, r, in, (size_t)w->batches * (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c, false);
    check_add_weights(c, r, type, &p->conv, depth);
    check_add_weights(c, r, type, &p->depthwise, taps);
    if (check_is_quantized(type)) {
        empty_channel(c, r, &p->conv, 1, depth, 1, depth);
        empty_channel(c, r, &p->depthwise, 3, taps, w->out_c, 1);
    }
    check_set_output(c, type, (size_t)(check_out_pixels(d) * d->out_c), d->batches);
    check_set_layouts(c, NULL, d);
    c->macs = (check_out_pixels(w) * depth + check_out_pixels(d) * taps) * w->out_c;
    int32_t used = check_print_window(c->shape, sizeof c->shape, w, p->conv.groups);
    used += snprintf(c->shape + used, sizeof c->shape - (size_t)used, "; then ");
    check_print_window(c->shape + used, sizeof c->shape - (size_t)used, d, 1);
    return true;
}

/* Outputs of a filter of three along an axis, of which the last meets at most one cell of padding. */
static int32_t outputs_of_three(check_rng *r, int32_t in, int32_t stride, int32_t pad) {
    const int32_t most = mn_max_i32(1, (in + 1 + pad - 3) / stride + 1);
    return mn_max_i32(1, most - (check_one_in(r, 3) ? 1 : 0));
}

static mn_window depthwise_window(check_rng *r, const mn_window *before) {
    mn_window d = {.batches = before->batches, .in_h = before->out_h, .in_w = before->out_w};
    d.in_c = d.out_c = before->out_c;
    d.k_h = d.k_w = 3;
    d.stride_h = d.stride_w = check_between(r, 1, 2);
    d.dilation_h = d.dilation_w = 1;
    d.pad_top = check_between(r, 0, 1), d.pad_left = check_between(r, 0, 1);
    d.out_h = outputs_of_three(r, d.in_h, d.stride_h, d.pad_top);
    d.out_w = outputs_of_three(r, d.in_w, d.stride_w, d.pad_left);
    if (!check_one_in(r, 16)) return d;
    switch (check_between(r, 0, 3)) { /* what kernels may refuse */
    case 0: d.stride_w = 3 - d.stride_w; break;
    case 1: d.dilation_h = 2; break;
    case 2: d.pad_left = 2; break;
    default: d.out_h += 2; break;
    }
    return d;
}

/* An image that kernels cut into strips or tiles of columns. */
static mn_window wide_window(check_rng *r) {
    const int32_t k = check_one_in(r, 2) ? 1 : 3, stride = check_between(r, 1, 2);
    mn_window w =
        check_same_window(check_between(r, 1, 4), check_between(r, 1, 4), check_between(r, 33, 60), k, stride);
    const mn_window wide = check_same_window(check_between(r, 90, 260) * stride, 1, 1, k, stride);
    w.in_w = wide.in_w, w.out_w = wide.out_w, w.pad_left = wide.pad_left;
    return w;
}

/* Long sums, of which kernels add up several columns at a time where channels are as real models have them. */
static mn_window deep_window(check_rng *r) {
    return check_same_window(check_between(r, 3, 15), check_between(r, 61, 160), check_between(r, 33, 100), 1, 1);
}

static mn_window usual_window(check_rng *r, int32_t groups) {
    mn_window w = check_window(r);
    if (!check_one_in(r, 16)) w.dilation_h = w.dilation_w = 1;
    w.in_c = check_size(r, 48) * groups;
    w.out_c = check_size(r, 100) * groups;
    check_limit_pixels(&w, (int64_t)w.out_c * w.k_h * w.k_w * (w.in_c / groups));
    return w;
}

bool check_make_conv_depthwise(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_conv_depthwise_params *p = &c->params.conv_depthwise;
    mn_window *w = &p->conv.window;
    const int32_t kind = check_between(r, 0, 9);
    p->conv.groups = kind > 1 && check_one_in(r, 24) ? 2 : 1;
    p->depthwise.groups = 1;
    *w = kind == 0 ? wide_window(r) : kind == 1 ? deep_window(r) : usual_window(r, p->conv.groups);
    p->depthwise.window = depthwise_window(r, w);
    r->plain = kind == 1;
    const bool made = fill_conv_depthwise(c, r, in, out);
    r->plain = false;
    return made;
}

/* Stems with the first depthwise convolution, expansions with theirs, of MobileNetV2 1.0 at 224. */
bool check_bench_conv_depthwise(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    static const int32_t layers[][6] = {{224, 3, 32, 3, 2, 1},  {112, 16, 96, 1, 1, 2}, {56, 24, 144, 1, 1, 1},
                                        {56, 24, 144, 1, 1, 2}, {28, 32, 192, 1, 1, 1}, {28, 32, 192, 1, 1, 2},
                                        {14, 64, 384, 1, 1, 1}, {14, 96, 576, 1, 1, 1}, {14, 96, 576, 1, 1, 2},
                                        {7, 160, 960, 1, 1, 1}};
    if (index >= (int32_t)(sizeof layers / sizeof layers[0])) return false;
    const int32_t *l = layers[index];
    mn_conv_depthwise_params *p = &c->params.conv_depthwise;
    p->conv.window = check_same_window(l[0], l[1], l[2], l[3], l[4]);
    p->depthwise.window = check_same_window(p->conv.window.out_h, l[2], l[2], 3, l[5]);
    p->conv.groups = p->depthwise.groups = 1;
    return fill_conv_depthwise(c, r, in, out);
}

/* ---- PROJECT ---- */

static void fill_add(check_case *c, check_rng *r, mn_type type, mn_project_params *p) {
    const mn_window *w = &p->conv.window;
    const int32_t dims[] = {w->batches, w->out_h, w->out_w, w->out_c};
    p->add = (mn_binary_params){.dims = {1, 1}, .same_shape = true, .subtract = false};
    memcpy(p->add.dims + 2, dims, sizeof dims);
    for (int32_t d = MN_MAX_RANK - 1, step = 1; d >= 0; step *= p->add.dims[d], d--) {
        p->add.stride[0][d] = p->add.stride[1][d] = step;
    }
    p->add.range_f32 = check_range_f32(r);
    if (check_is_quantized(type)) check_fill_add(r, type, &p->add);
    p->add.in[p->residual_first].zero = p->conv.out_zero;
    check_add_input(c, r, type, (size_t)(check_out_pixels(w) * w->out_c), false);
}

static bool fill_project(check_case *c, check_rng *r, mn_type type) {
    mn_project_params *p = &c->params.project;
    const mn_window *w = &p->conv.window;
    p->conv.range_f32 = check_range_f32(r);
    if (check_is_quantized(type)) {
        check_fill_conv(c, r, type, &p->conv, w->in_c);
    } else if (type != MN_FLOAT32) {
        return false;
    }
    check_add_input(c, r, type, (size_t)w->batches * (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c, false);
    check_add_weights(c, r, type, &p->conv, w->in_c);
    if (p->adds) fill_add(c, r, type, p);
    check_set_output(c, type, (size_t)(check_out_pixels(w) * w->out_c), w->batches);
    check_set_layouts(c, w, NULL);
    c->macs = check_out_pixels(w) * w->out_c * w->in_c;
    snprintf(c->shape, sizeof c->shape, "%dx%dx%dx%d -> %d%s", w->batches, w->in_h, w->in_w, w->in_c, w->out_c,
             !p->adds            ? ""
             : p->residual_first ? ", residual + it"
                                 : ", it + residual");
    return true;
}

static mn_window pointwise_window(int32_t batches, int32_t height, int32_t width, int32_t in_c, int32_t out_c) {
    return (mn_window){batches, height, width, in_c, height, width, out_c, 1, 1, 1, 1, 1, 1, 0, 0};
}

bool check_make_project(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_project_params *p = &c->params.project;
    const int32_t height = check_between(r, 1, 14), width = check_size(r, 24);
    mn_window *w = &p->conv.window;
    *w = pointwise_window(check_between(r, 1, 2), height, width, check_size(r, 300), check_size(r, 100));
    check_limit_pixels(w, (int64_t)w->in_c * w->out_c);
    w->in_h = w->out_h, w->in_w = w->out_w;
    p->conv.groups = 1;
    p->adds = check_one_in(r, 2);
    p->residual_first = check_one_in(r, 2);
    return in == out && fill_project(c, r, in);
}

/* Projections of MobileNetV2 1.0 at 224, with ADD where that has one. */
bool check_bench_project(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    static const int32_t layers[][4] = {{112, 32, 16, 0}, {56, 96, 24, 0},  {56, 144, 24, 1}, {28, 144, 32, 0},
                                        {28, 192, 32, 1}, {14, 192, 64, 0}, {14, 384, 64, 1}, {14, 384, 96, 0},
                                        {14, 576, 96, 1}, {7, 576, 160, 0}, {7, 960, 160, 1}, {7, 960, 320, 0}};
    if (index >= (int32_t)(sizeof layers / sizeof layers[0])) return false;
    const int32_t *l = layers[index];
    mn_project_params *p = &c->params.project;
    p->conv.window = pointwise_window(1, l[0], l[0], l[1], l[2]);
    p->conv.groups = 1;
    p->adds = l[3] == 1;
    p->residual_first = true;
    return in == out && fill_project(c, r, in);
}

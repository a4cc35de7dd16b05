/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Cases of sliding windows and matrices: convolutions, pools, fully connected. */
#include "base/checked.h"
#include "checkkernels/check.h"

#include <stdio.h>

/* Keeps the slow reference below about a millisecond a case. */
enum { MAC_LIMIT = 1 << 19 };

/* One axis of a window: input, filter, stride, dilation, padding before, output. */
typedef struct axis {
    int32_t in, k, stride, dilation, pad, out;
} axis;

static axis make_axis(check_rng *r, bool pool) {
    static const int32_t filters[] = {1, 2, 3, 3, 3, 4, 5, 7};
    axis a = {.in = check_size(r, 24), .k = filters[check_between(r, 0, 7)], .stride = check_between(r, 1, 3)};
    a.dilation = pool || check_one_in(r, 2) ? 1 : check_between(r, 1, 4);
    int32_t reach = (a.k - 1) * a.dilation; /* cells from the first tap to the last */
    a.pad = check_one_in(r, 3) ? 0 : check_between(r, 0, reach);
    int32_t last = a.in - 1 + a.pad; /* the last place where a window still meets the input */
    if (!check_one_in(r, 3)) last = mn_max_i32(0, last - reach); /* as VALID padding */
    if (!pool && check_one_in(r, 8)) last += reach + 1;          /* windows in nothing but padding */
    a.out = last / a.stride + 1;
    return a;
}

int64_t check_out_pixels(const mn_window *w) { return (int64_t)w->batches * w->out_h * w->out_w; }

int32_t check_print_window(char *text, size_t size, const mn_window *w, int32_t groups) {
    return snprintf(text, size,
                    "%dx%dx%dx%d -> %dx%dx%d, filter %dx%d, stride %dx%d, dilation %dx%d, pad %d,%d, %d groups",
                    w->batches, w->in_h, w->in_w, w->in_c, w->out_h, w->out_w, w->out_c, w->k_h, w->k_w, w->stride_h,
                    w->stride_w, w->dilation_h, w->dilation_w, w->pad_top, w->pad_left, groups);
}

static mn_window make_window(check_rng *r, bool pool) {
    axis y = make_axis(r, pool), x = make_axis(r, pool);
    if (!pool && check_one_in(r, 3)) { /* pointwise, with room for more pixels than one tile */
        y = (axis){check_between(r, 1, 12), 1, 1, 1, 0, 0}, x = (axis){check_size(r, 40), 1, 1, 1, 0, 0};
        y.out = y.in, x.out = x.in;
    }
    return (mn_window){check_between(r, 1, 2),
                       y.in,
                       x.in,
                       1,
                       y.out,
                       x.out,
                       1,
                       y.k,
                       x.k,
                       y.stride,
                       x.stride,
                       y.dilation,
                       x.dilation,
                       y.pad,
                       x.pad};
}

mn_window check_window(check_rng *r) { return make_window(r, false); }

void check_limit_pixels(mn_window *w, int64_t macs_per_pixel) {
    int32_t pixels = (int32_t)(MAC_LIMIT / macs_per_pixel);
    if (check_out_pixels(w) > pixels) w->batches = 1;
    w->out_w = mn_clamp_i32(pixels, 1, w->out_w);
    w->out_h = mn_clamp_i32(pixels / w->out_w, 1, w->out_h);
}

static int32_t random_multiplier(check_rng *r, bool extremes) {
    switch (extremes ? check_between(r, 0, 9) : 9) {
    case 0: return 0;
    case 1: return 1 << 30;
    case 2: return INT32_MAX;
    default: return check_between(r, 1 << 30, INT32_MAX);
    }
}

/* Most often a shift that brings sums of `depth` products into the range of the output. */
static int32_t random_shift(check_rng *r, int64_t depth, bool wild) {
    if (wild && check_one_in(r, 4)) return check_between(r, -31, 31);
    int32_t bits = 0;
    while (depth >> (2 * bits) != 0) bits++; /* the sum of n random products grows with the root of n */
    return -bits - (r->plain ? 6 : check_between(r, 4, 8));
}

/* int64: up to 2^36, at times up to 2^62. */
static void add_bias_64(check_case *c, check_rng *r, int32_t channels) {
    int64_t *bias = check_add_input(c, r, MN_INT64, (size_t)channels, true);
    const int32_t bits = !r->plain && check_one_in(r, 16) ? 31 : 5;
    for (int32_t i = 0; i < channels; i++) bias[i] = check_between(r, INT32_MIN, INT32_MAX) * (INT64_C(1) << bits) / 2;
}

static void add_bias(check_case *c, check_rng *r, mn_type in, int32_t channels) {
    if (!r->plain && check_one_in(r, 4)) {
        c->input_count++;
        return;
    }
    if (in == MN_INT64) {
        add_bias_64(c, r, channels);
        return;
    }
    if (in == MN_FLOAT32) {
        check_add_input(c, r, MN_FLOAT32, (size_t)channels, true);
        return;
    }
    int32_t *bias = check_add_input(c, r, MN_INT32, (size_t)channels, true);
    bool extreme = !r->plain && check_one_in(r, 16);
    for (int32_t i = 0; i < channels; i++) {
        if (!extreme)
            bias[i] = check_between(r, -(1 << 15), 1 << 15);
        else if (check_one_in(r, 2))
            bias[i] = check_one_in(r, 2) ? INT32_MIN : INT32_MAX;
    }
}

void check_fill_conv(check_case *c, check_rng *r, mn_type type, mn_conv_params *p, int64_t depth) {
    const int32_t channels = p->window.out_c;
    p->range = check_range_i32(r, type);
    p->in_zero = check_zero_point(r, type), p->out_zero = check_zero_point(r, type);
    if (check_one_in(r, 2)) { /* as RELU */
        p->range.min = mn_max_i32(p->range.min, p->out_zero);
        p->range.max = mn_max_i32(p->range.max, p->range.min);
    }
    p->weight_zero = type == MN_UINT8 ? check_zero_point(r, type) : 0;
    p->bias_64 = type == MN_INT16 && check_one_in(r, 2);
    int32_t *multiplier = check_case_alloc(c, (size_t)channels, sizeof *multiplier);
    int32_t *shift = check_case_alloc(c, (size_t)channels, sizeof *shift);
    /* One extreme multiplier keeps a whole vector of channels from being requantised in floats. */
    bool wild = !r->plain && check_one_in(r, 8), extremes = !r->plain && check_one_in(r, 2);
    for (int32_t i = 0; i < channels; i++) {
        multiplier[i] = random_multiplier(r, extremes), shift[i] = random_shift(r, depth, wild);
    }
    p->multiplier = multiplier, p->shift = shift;
}

void check_add_weights(check_case *c, check_rng *r, mn_type type, const mn_conv_params *p, int64_t depth) {
    check_add_input(c, r, type == MN_INT16 ? MN_INT8 : type, (size_t)depth * (size_t)p->window.out_c, true);
    add_bias(c, r, p->bias_64 ? MN_INT64 : type, p->window.out_c);
}

/* Everything of a convolution once its window and groups are known. */
static bool fill_conv(check_case *c, check_rng *r, mn_type type, bool depthwise) {
    mn_conv_params *p = &c->params.conv;
    const mn_window *w = &p->window;
    int64_t depth = (int64_t)w->k_h * w->k_w * (depthwise ? 1 : w->in_c / p->groups);
    p->range_f32 = check_range_f32(r);
    if (check_is_quantized(type)) {
        check_fill_conv(c, r, type, p, depth);
    } else if (type != MN_FLOAT32) {
        return false;
    }
    check_add_input(c, r, type, (size_t)w->batches * (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c, false);
    check_add_weights(c, r, type, p, depth);
    check_set_output(c, type, (size_t)(check_out_pixels(w) * w->out_c), w->batches * w->out_h);
    c->macs = check_out_pixels(w) * w->out_c * depth;
    check_print_window(c->shape, sizeof c->shape, w, p->groups);
    return true;
}

bool check_make_conv(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_conv_params *p = &c->params.conv;
    mn_window *w = &p->window;
    *w = make_window(r, false);
    p->groups = check_one_in(r, 8) ? check_between(r, 2, 4) : 1;
    bool wide = w->k_h * w->k_w == 1 && check_one_in(r, 8);
    w->in_c = check_size(r, wide ? 1000 : 72) * p->groups;
    w->out_c = check_size(r, 72) * p->groups;
    check_limit_pixels(w, (int64_t)w->out_c * w->k_h * w->k_w * (w->in_c / p->groups));
    return in == out && fill_conv(c, r, in, false);
}

bool check_make_depthwise(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_conv_params *p = &c->params.conv;
    mn_window *w = &p->window;
    *w = make_window(r, false);
    if (check_one_in(r, 2)) { /* as in MobileNet */
        w->k_h = w->k_w = 3;
        w->dilation_h = w->dilation_w = 1;
        w->pad_top = mn_min_i32(w->pad_top, 1), w->pad_left = mn_min_i32(w->pad_left, 1);
    }
    p->groups = 1;
    w->in_c = check_size(r, 144);
    w->out_c = w->in_c * (check_one_in(r, 4) ? check_between(r, 2, 3) : 1);
    check_limit_pixels(w, (int64_t)w->out_c * w->k_h * w->k_w);
    return in == out && fill_conv(c, r, in, true);
}

static bool fill_pool(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_pool_params *p = &c->params.pool;
    const mn_window *w = &p->window;
    if (in != out || (in != MN_FLOAT32 && !check_is_quantized(in))) return false;
    p->range_f32 = check_range_f32(r);
    if (check_is_quantized(in)) p->range = check_range_i32(r, in);
    check_add_input(c, r, in, (size_t)w->batches * (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c, false);
    check_set_output(c, in, (size_t)(check_out_pixels(w) * w->out_c), w->batches * w->out_h);
    c->macs = check_out_pixels(w) * w->out_c * w->k_h * w->k_w;
    check_print_window(c->shape, sizeof c->shape, w, 1);
    return true;
}

bool check_make_average_pool(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_window *w = &c->params.pool.window;
    *w = make_window(r, true);
    w->in_c = w->out_c = check_size(r, 72);
    return fill_pool(c, r, in, out);
}

bool check_make_max_pool(check_case *c, check_rng *r, mn_type in, mn_type out) {
    return check_make_average_pool(c, r, in, out);
}

static bool fill_fully_connected(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_fully_connected_params *p = &c->params.fully_connected;
    if (in != out || (in != MN_FLOAT32 && !check_is_quantized(in))) return false;
    p->range_f32 = check_range_f32(r);
    if (check_is_quantized(in)) {
        p->range = check_range_i32(r, in);
        p->in_zero = check_zero_point(r, in), p->out_zero = check_zero_point(r, in);
        p->weight_zero = check_one_in(r, 2) ? check_zero_point(r, in == MN_INT16 ? MN_INT8 : in) : 0;
        p->bias_64 = in == MN_INT16 && check_one_in(r, 2);
        double *scale = check_case_alloc(c, (size_t)p->out_c, sizeof *scale);
        for (int32_t i = 0; i < p->out_c; i++) scale[i] = (double)check_scale(r) / 16 / (double)check_size(r, 128);
        p->scale = scale;
    }
    check_add_input(c, r, in, (size_t)p->rows * (size_t)p->in_c, false);
    check_add_input(c, r, in == MN_INT16 ? MN_INT8 : in, (size_t)p->out_c * (size_t)p->in_c, true);
    add_bias(c, r, p->bias_64 ? MN_INT64 : in, p->out_c);
    check_set_output(c, in, (size_t)p->rows * (size_t)p->out_c, p->rows * p->out_c);
    c->macs = (int64_t)p->rows * p->out_c * p->in_c;
    snprintf(c->shape, sizeof c->shape, "%dx%d -> %d", p->rows, p->in_c, p->out_c);
    return true;
}

bool check_make_fully_connected(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_fully_connected_params *p = &c->params.fully_connected;
    p->rows = check_between(r, 1, 4), p->in_c = check_size(r, 300), p->out_c = check_size(r, 200);
    return fill_fully_connected(c, r, in, out);
}

/* ---- Benchmark shapes: layers of MobileNetV2 1.0 at 224 ---- */

mn_window check_same_window(int32_t in, int32_t in_c, int32_t out_c, int32_t k, int32_t stride) {
    int32_t out = (in + stride - 1) / stride, pad = mn_max_i32(0, (out - 1) * stride + k - in) / 2;
    return (mn_window){1, in, in, in_c, out, out, out_c, k, k, stride, stride, 1, 1, pad, pad};
}

bool check_bench_conv(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    static const int32_t layers[][5] = {{224, 3, 32, 3, 2},  {112, 32, 16, 1, 1}, {112, 16, 96, 1, 1},
                                        {56, 96, 24, 1, 1},  {56, 24, 144, 1, 1}, {14, 384, 64, 1, 1},
                                        {14, 96, 576, 1, 1}, {7, 960, 160, 1, 1}, {7, 320, 1280, 1, 1}};
    if (index >= (int32_t)(sizeof layers / sizeof layers[0])) return false;
    const int32_t *l = layers[index];
    c->params.conv.window = check_same_window(l[0], l[1], l[2], l[3], l[4]);
    c->params.conv.groups = 1;
    return in == out && fill_conv(c, r, in, false);
}

bool check_bench_depthwise(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    static const int32_t layers[][3] = {{112, 32, 1}, {112, 96, 2}, {56, 144, 1}, {14, 384, 1}, {7, 960, 1}};
    if (index >= (int32_t)(sizeof layers / sizeof layers[0])) return false;
    const int32_t *l = layers[index];
    c->params.conv.window = check_same_window(l[0], l[1], l[1], 3, l[2]);
    c->params.conv.groups = 1;
    return in == out && fill_conv(c, r, in, true);
}

bool check_bench_average_pool(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    if (index > 0) return false;
    c->params.pool.window = (mn_window){1, 7, 7, 1280, 1, 1, 1280, 7, 7, 1, 1, 1, 1, 0, 0};
    return fill_pool(c, r, in, out);
}

bool check_bench_max_pool(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    return check_bench_average_pool(c, r, in, out, index);
}

bool check_bench_fully_connected(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    if (index > 0) return false;
    mn_fully_connected_params *p = &c->params.fully_connected;
    p->rows = 1, p->in_c = 1280, p->out_c = 1001;
    return fill_fully_connected(c, r, in, out);
}

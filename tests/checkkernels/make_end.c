/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Cases of a pointwise convolution with MEAN or AVERAGE_POOL_2D over whole images behind it. */
#include "base/checked.h"
#include "checkkernels/check.h"
#include "kernels/quant.h"

#include <stdio.h>

static void fill_mean(check_rng *r, mn_type type, mn_conv_mean_params *p) {
    const mn_window *w = &p->conv.window;
    mn_mean_params *m = &p->mean;
    *m = (mn_mean_params){.rank = 4,
                          .dims = {w->batches, w->out_h, w->out_w, w->out_c},
                          .reduced = {false, true, true, false},
                          .count = w->out_h * w->out_w,
                          .in_zero = p->conv.out_zero,
                          .out_zero = check_zero_point(r, type)};
    mn_quant_mean(check_scale(r), check_scale(r), m->count, &m->multiplier, &m->shift);
}

static bool fill_conv_mean(check_case *c, check_rng *r, mn_type type) {
    static const char *const names[] = {"", ", then MEAN", ", then AVERAGE_POOL_2D"};
    mn_conv_mean_params *p = &c->params.conv_mean;
    mn_window *w = &p->conv.window;
    if (!check_is_quantized(type) && type != MN_FLOAT32) return false;
    w->out_h = w->in_h, w->out_w = w->in_w;
    w->k_h = w->k_w = w->stride_h = w->stride_w = w->dilation_h = w->dilation_w = 1;
    p->conv.groups = 1;
    p->conv.range_f32 = check_range_f32(r), p->range_f32 = check_range_f32(r);
    if (type != MN_FLOAT32) check_fill_conv(c, r, type, &p->conv, w->in_c);
    fill_mean(r, type, p);
    p->range = check_range_i32(r, type);
    check_add_input(c, r, type, (size_t)(check_out_pixels(w) * w->in_c), false);
    check_add_weights(c, r, type, &p->conv, w->in_c);
    check_set_output(c, type, (size_t)w->batches * (size_t)w->out_c, w->batches);
    c->macs = check_out_pixels(w) * w->out_c * w->in_c;
    snprintf(c->shape, sizeof c->shape, "%dx%dx%dx%d -> %d%s", w->batches, w->in_h, w->in_w, w->in_c, w->out_c,
             names[p->pooling]);
    return true;
}

bool check_make_conv_mean(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_conv_mean_params *p = &c->params.conv_mean;
    const bool wide = check_one_in(r, 4);
    mn_window *w = &p->conv.window;
    p->pooling = (mn_pooling)check_between(r, MN_POOLING_NONE, MN_POOLING_AVERAGE);
    *w = (mn_window){.in_c = check_size(r, wide ? 1000 : 72), .out_c = check_size(r, wide ? 60 : 300)};
    w->batches = w->out_h = w->out_w = 1;
    if (p->pooling != MN_POOLING_NONE) {
        w->batches = check_between(r, 1, 2), w->out_h = check_size(r, 14), w->out_w = check_size(r, 14);
        check_limit_pixels(w, (int64_t)w->in_c * w->out_c);
    }
    w->in_h = w->out_h, w->in_w = w->out_w;
    return in == out && fill_conv_mean(c, r, in);
}

/* The ends of MobileNetV2 1.0 and 1.4 at 224. */
bool check_bench_conv_mean(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    static const int32_t layers[][4] = {{7, 320, 1280, MN_POOLING_MEAN},
                                        {7, 320, 1280, MN_POOLING_AVERAGE},
                                        {7, 448, 1792, MN_POOLING_MEAN},
                                        {1, 1280, 1001, MN_POOLING_NONE}};
    if (index >= (int32_t)(sizeof layers / sizeof layers[0])) return false;
    const int32_t *l = layers[index];
    c->params.conv_mean.pooling = (mn_pooling)l[3];
    c->params.conv_mean.conv.window =
        (mn_window){.batches = 1, .in_h = l[0], .in_w = l[0], .in_c = l[1], .out_c = l[2]};
    return in == out && fill_conv_mean(c, r, in);
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Cases of operators with float activations and 8-bit weights: those of the float operators, with other weights. */
#include "checkkernels/check.h"

#include <math.h>

/* Replaces the weights by int8 ones and gives each of `channels` a scale. */
static const float *swap_weights(check_case *c, check_rng *r, int32_t channels) {
    const size_t count = c->inputs[1].bytes / sizeof(float);
    check_buffer_close(&c->inputs[1]);
    check_buffer_open(&c->inputs[1], r, count, 1);
    check_fill_weights(r, MN_INT8, c->inputs[1].data, count);
    float *scale = check_case_alloc(c, (size_t)channels, sizeof *scale);
    for (int32_t i = 0; i < channels; i++) scale[i] = check_scale(r);
    return scale;
}

static void swap_params(check_case *c, check_rng *r, bool depthwise) {
    const mn_conv_params conv = c->params.conv;
    c->params.hybrid_conv = (mn_hybrid_conv_params){.conv = conv,
                                                    .depthwise = depthwise,
                                                    .asymmetric = depthwise || check_one_in(r, 2),
                                                    .scale = swap_weights(c, r, conv.window.out_c)};
}

bool check_make_hybrid_conv(check_case *c, check_rng *r, mn_type in, mn_type out) {
    if (!check_make_conv(c, r, in, out)) return false;
    swap_params(c, r, false);
    return true;
}

bool check_make_hybrid_depthwise(check_case *c, check_rng *r, mn_type in, mn_type out) {
    if (!check_make_depthwise(c, r, in, out)) return false;
    swap_params(c, r, true);
    return true;
}

static void swap_fully_connected(check_case *c, check_rng *r) {
    const mn_fully_connected_params shape = c->params.fully_connected;
    c->params.hybrid_fully_connected = (mn_hybrid_fully_connected_params){.rows = shape.rows,
                                                                          .in_c = shape.in_c,
                                                                          .out_c = shape.out_c,
                                                                          .range_f32 = shape.range_f32,
                                                                          .asymmetric = check_one_in(r, 2),
                                                                          .scale = swap_weights(c, r, shape.out_c)};
}

bool check_make_hybrid_fully_connected(check_case *c, check_rng *r, mn_type in, mn_type out) {
    if (!check_make_fully_connected(c, r, in, out)) return false;
    swap_fully_connected(c, r);
    return true;
}

bool check_bench_hybrid_conv(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    if (!check_bench_conv(c, r, in, out, index)) return false;
    swap_params(c, r, false);
    return true;
}

bool check_bench_hybrid_depthwise(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    if (!check_bench_depthwise(c, r, in, out, index)) return false;
    swap_params(c, r, true);
    return true;
}

bool check_bench_hybrid_fully_connected(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    if (!check_bench_fully_connected(c, r, in, out, index)) return false;
    swap_fully_connected(c, r);
    return true;
}

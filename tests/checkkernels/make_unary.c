/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Cases of functions of each element. */
#include "checkkernels/check.h"
#include "kernels/quant.h"

#include <stdio.h>

static const char *const names[MN_UNARY_COUNT] = {
    [MN_UNARY_LOGISTIC] = "LOGISTIC",     [MN_UNARY_TANH] = "TANH", [MN_UNARY_HARD_SWISH] = "HARD_SWISH",
    [MN_UNARY_LEAKY_RELU] = "LEAKY_RELU", [MN_UNARY_ELU] = "ELU",   [MN_UNARY_SQUARE] = "SQUARE",
    [MN_UNARY_RSQRT] = "RSQRT",
};

/* An output scale as TFLite fixes or allows it. */
static float output_scale(check_rng *r, mn_unary function, float in) {
    switch (function) {
    case MN_UNARY_LOGISTIC: return 1.0f / 256;
    case MN_UNARY_TANH: return 1.0f / 128;
    case MN_UNARY_HARD_SWISH: {
        float out = check_scale(r);
        return in / 128 / out < 0.999f ? out : in;
    }
    default: return check_scale(r);
    }
}

static bool fill_unary(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_unary_params *p = &c->params.unary;
    if (in != out || (in != MN_FLOAT32 && !check_is_quantized(in))) return false;
    p->alpha = check_one_in(r, 4) ? -0.5f : 0.2f;
    if (in != MN_FLOAT32) {
        float scale = check_scale(r);
        float result = output_scale(r, p->function, scale);
        mn_quant_unary(scale, check_zero_point(r, in), result, check_zero_point(r, in), p);
        if (in == MN_INT16) {
            uint16_t *table = check_case_alloc(c, MN_SIGMOID, sizeof *table);
            mn_quant_sigmoid_table(table);
            p->sigmoid = table;
            mn_quant_unary_16(scale, result, p);
        }
    }
    check_add_input(c, r, in, (size_t)p->count, false);
    check_set_output(c, in, (size_t)p->count, p->count);
    c->macs = p->count;
    snprintf(c->shape, sizeof c->shape, "%s of %d", names[p->function], p->count);
    return true;
}

/* The last is of floats alone. */
static int32_t functions_of(mn_type type) { return type == MN_FLOAT32 ? MN_UNARY_COUNT : MN_UNARY_SQUARE; }

static mn_unary any_function(check_rng *r, mn_type type) {
    static const mn_unary wide[] = {MN_UNARY_LOGISTIC, MN_UNARY_TANH, MN_UNARY_LEAKY_RELU};
    return type == MN_INT16 ? wide[check_between(r, 0, 2)] : (mn_unary)check_between(r, 0, functions_of(type) - 1);
}

bool check_make_unary(check_case *c, check_rng *r, mn_type in, mn_type out) {
    c->params.unary = (mn_unary_params){.function = any_function(r, in), .count = check_size(r, 500)};
    return fill_unary(c, r, in, out);
}

bool check_bench_unary(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    if (index >= (in == MN_FLOAT32 ? MN_UNARY_COUNT : 1)) return false;
    c->params.unary = (mn_unary_params){.function = (mn_unary)index, .count = 56 * 56 * 64};
    return fill_unary(c, r, in, out);
}

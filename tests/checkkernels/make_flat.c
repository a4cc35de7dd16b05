/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Cases of element-wise operators, reductions and conversions between types. */
#include "base/checked.h"
#include "checkkernels/check.h"
#include "kernels/quant.h"

#include <stdio.h>

static bool is_arithmetic(mn_type type) { return type == MN_FLOAT32 || check_is_quantized(type); }

/* ---- ADD, MUL ---- */

static int32_t product_of(const int32_t *dims, int32_t rank) {
    int32_t product = 1;
    for (int32_t d = 0; d < rank; d++) product *= dims[d];
    return product;
}

/* Which dimensions an operand repeats over. */
typedef enum repeats { NONE, ANY, ALL_BUT_CHANNELS, ALL } repeats;

/* Strides of operand `i`: those of the output, or 0 along dimensions that it repeats over. Returns its elements. */
static size_t broadcast(mn_binary_params *p, check_rng *r, int32_t i, repeats over) {
    int32_t elements = 1;
    for (int32_t d = MN_MAX_RANK - 1; d >= 0; d--) {
        bool repeated = p->dims[d] == 1 || over == ALL || (over == ANY && check_one_in(r, 2)) ||
                        (over == ALL_BUT_CHANNELS && d < MN_MAX_RANK - 1);
        p->stride[i][d] = repeated ? 0 : elements;
        if (!repeated) elements *= p->dims[d];
    }
    return (size_t)elements;
}

static void fill_operands(check_rng *r, mn_type type, mn_kernel_op op, mn_binary_params *p) {
    p->range = check_range_i32(r, type);
    p->in[0].zero = check_zero_point(r, type), p->in[1].zero = check_zero_point(r, type);
    p->out.zero = check_zero_point(r, type);
    float a = check_scale(r), b = check_scale(r), result = check_scale(r);
    if (op == MN_K_MUL)
        mn_quant_mul(a, b, result, p);
    else if (op == MN_K_PRELU)
        mn_quant_prelu(a, b, result, p);
    else
        (type == MN_INT16 ? mn_quant_add_16 : mn_quant_add)(a, b, result, p);
}

void check_fill_add(check_rng *r, mn_type type, mn_binary_params *p) { fill_operands(r, type, MN_K_ADD, p); }

static bool fill_binary(check_case *c, check_rng *r, mn_type in, mn_type out, mn_kernel_op op, const repeats over[2]) {
    mn_binary_params *p = &c->params.binary;
    if (in != out || !is_arithmetic(in)) return false;
    p->range_f32 = check_range_f32(r);
    if (check_is_quantized(in)) fill_operands(r, in, op, p);
    for (int32_t i = 0; i < 2; i++) check_add_input(c, r, in, broadcast(p, r, i, over[i]), false);
    int32_t count = product_of(p->dims, MN_MAX_RANK);
    check_set_output(c, in, (size_t)count, count);
    c->macs = count;
    static const char *const names[] = {"all", "some", "channels", "one"};
    snprintf(c->shape, sizeof c->shape, "%dx%dx%dx%dx%dx%d, %s and %s%s%s", p->dims[0], p->dims[1], p->dims[2],
             p->dims[3], p->dims[4], p->dims[5], names[over[0]], names[over[1]], p->subtract ? ", subtracting" : "",
             p->minimum ? ", minimum" : "");
    return true;
}

static bool make_binary(check_case *c, check_rng *r, mn_type in, mn_type out, mn_kernel_op op) {
    mn_binary_params *p = &c->params.binary;
    for (int32_t d = 0; d < MN_MAX_RANK; d++) p->dims[d] = d < 3 ? check_between(r, 1, 2) : check_between(r, 1, 6);
    if (check_one_in(r, 2)) p->dims[5] = check_size(r, 70);
    p->same_shape = check_one_in(r, 2);
    repeats over[2] = {NONE, NONE};
    if (!p->same_shape) {
        int32_t smaller = check_between(r, 0, 1);
        over[smaller] = (repeats)check_between(r, ANY, ALL);
        if (check_one_in(r, 2)) over[1 - smaller] = ANY;
        if (check_one_in(r, 4)) p->dims[3] = check_size(r, 40);
    }
    p->subtract = op == MN_K_ADD && check_one_in(r, 2);
    p->minimum = op == MN_K_MAXIMUM && check_one_in(r, 2);
    return fill_binary(c, r, in, out, op, over);
}

static bool bench_binary(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index, mn_kernel_op op) {
    if (index > 2) return false;
    static const repeats over[][2] = {{NONE, NONE}, {NONE, ALL_BUT_CHANNELS}, {NONE, ALL}};
    c->params.binary = (mn_binary_params){.dims = {1, 1, 1, 56, 56, 24}, .same_shape = index == 0};
    return fill_binary(c, r, in, out, op, over[index]);
}

#define BINARY(name, op)                                                                                               \
    bool check_make_##name(check_case *c, check_rng *r, mn_type in, mn_type out) {                                     \
        return make_binary(c, r, in, out, op);                                                                         \
    }                                                                                                                  \
    bool check_bench_##name(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {                     \
        return bench_binary(c, r, in, out, index, op);                                                                 \
    }
BINARY(add, MN_K_ADD)
BINARY(mul, MN_K_MUL)
BINARY(div, MN_K_DIV)
BINARY(maximum, MN_K_MAXIMUM)
BINARY(prelu, MN_K_PRELU)

/* ---- MEAN ---- */

static bool fill_mean(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_mean_params *p = &c->params.mean;
    if (in != out || !is_arithmetic(in)) return false;
    int32_t total = product_of(p->dims, p->rank), used = snprintf(c->shape, sizeof c->shape, "dims");
    p->count = 1;
    for (int32_t d = 0; d < p->rank; d++) {
        if (p->reduced[d]) p->count *= p->dims[d];
        used +=
            snprintf(c->shape + used, sizeof c->shape - (size_t)used, " %d%s", p->dims[d], p->reduced[d] ? "*" : "");
    }
    if (check_is_quantized(in)) {
        p->in_zero = check_zero_point(r, in), p->out_zero = check_zero_point(r, in);
        mn_quant_mean(check_scale(r), check_scale(r), p->count, &p->multiplier, &p->shift);
    }
    check_add_input(c, r, in, (size_t)total, false);
    check_set_output(c, in, (size_t)(total / p->count), total / p->count);
    c->macs = total;
    return true;
}

bool check_make_mean(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_mean_params *p = &c->params.mean;
    p->rank = check_between(r, 1, MN_MAX_RANK);
    for (int32_t d = 0; d < p->rank; d++) {
        p->dims[d] = check_between(r, 1, 4);
        p->reduced[d] = check_one_in(r, 2);
    }
    p->dims[check_between(r, 0, p->rank - 1)] = check_size(r, 70);
    return fill_mean(c, r, in, out);
}

bool check_bench_mean(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    if (index > 0) return false;
    c->params.mean = (mn_mean_params){.rank = 4, .dims = {1, 7, 7, 1280}, .reduced = {false, true, true}};
    return fill_mean(c, r, in, out);
}

bool check_make_sum(check_case *c, check_rng *r, mn_type in, mn_type out) { return check_make_mean(c, r, in, out); }

bool check_bench_sum(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    return check_bench_mean(c, r, in, out, index);
}

bool check_make_reduce_max(check_case *c, check_rng *r, mn_type in, mn_type out) {
    return check_make_mean(c, r, in, out);
}

bool check_bench_reduce_max(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    return check_bench_mean(c, r, in, out, index);
}

/* ---- SOFTMAX ---- */

static bool fill_softmax(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_softmax_params *p = &c->params.softmax;
    if (in != out || !is_arithmetic(in)) return false;
    p->beta = check_one_in(r, 2) ? 1 : check_scale(r);
    if (in == MN_INT16) {
        int16_t *tables = check_case_alloc(c, 2 * MN_TABLE_16, sizeof *tables);
        mn_quant_softmax_tables(tables, tables + MN_TABLE_16);
        p->exp_table = tables, p->reciprocal_table = tables + MN_TABLE_16;
        mn_quant_softmax_16(p->beta, check_scale(r), p);
    } else {
        mn_quant_softmax(p->beta, check_scale(r), p);
    }
    check_add_input(c, r, in, (size_t)p->rows * (size_t)p->depth, false);
    check_set_output(c, in, (size_t)p->rows * (size_t)p->depth, p->rows);
    c->macs = (int64_t)p->rows * p->depth;
    snprintf(c->shape, sizeof c->shape, "%dx%d", p->rows, p->depth);
    return true;
}

bool check_make_softmax(check_case *c, check_rng *r, mn_type in, mn_type out) {
    c->params.softmax = (mn_softmax_params){.rows = check_between(r, 1, 5), .depth = check_size(r, 200)};
    return fill_softmax(c, r, in, out);
}

bool check_bench_softmax(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    if (index > 0) return false;
    c->params.softmax = (mn_softmax_params){.rows = 1, .depth = 1001};
    return fill_softmax(c, r, in, out);
}

bool check_make_log_softmax(check_case *c, check_rng *r, mn_type in, mn_type out) {
    return check_make_softmax(c, r, in, out);
}

bool check_bench_log_softmax(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    return check_bench_softmax(c, r, in, out, index);
}

/* ---- L2_NORMALIZATION ---- */

static bool fill_l2_normalization(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_l2_normalization_params *p = &c->params.l2_normalization;
    if (in != out || !is_arithmetic(in)) return false;
    if (check_is_quantized(in)) p->in_zero = check_zero_point(r, in);
    check_add_input(c, r, in, (size_t)p->rows * (size_t)p->depth, false);
    check_set_output(c, in, (size_t)p->rows * (size_t)p->depth, p->rows);
    c->macs = (int64_t)p->rows * p->depth;
    snprintf(c->shape, sizeof c->shape, "%dx%d", p->rows, p->depth);
    return true;
}

bool check_make_l2_normalization(check_case *c, check_rng *r, mn_type in, mn_type out) {
    c->params.l2_normalization =
        (mn_l2_normalization_params){.rows = check_between(r, 1, 5), .depth = check_size(r, 200)};
    return fill_l2_normalization(c, r, in, out);
}

bool check_bench_l2_normalization(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    if (index > 0) return false;
    c->params.l2_normalization = (mn_l2_normalization_params){.rows = 1, .depth = 1024};
    return fill_l2_normalization(c, r, in, out);
}

/* ---- QUANTIZE, DEQUANTIZE, CLAMP ---- */

static bool finish_convert(check_case *c, check_rng *r, mn_type in, mn_type out) {
    const mn_convert_params *p = &c->params.convert;
    check_add_input(c, r, in, (size_t)p->count, false);
    check_set_output(c, out, (size_t)p->count, p->count);
    c->macs = p->count;
    snprintf(c->shape, sizeof c->shape, "%d elements, %d channels of %d", p->count, p->channels, p->inner);
    return true;
}

static void fill_channels(check_case *c, check_rng *r, mn_type quantized) {
    mn_convert_params *p = &c->params.convert;
    float *scale = check_case_alloc(c, (size_t)p->channels, sizeof *scale);
    int32_t *zero = check_case_alloc(c, (size_t)p->channels, sizeof *zero);
    for (int32_t i = 0; i < p->channels; i++) scale[i] = check_scale(r), zero[i] = check_zero_point(r, quantized);
    p->scale = scale, p->zero = zero;
}

/* Halves between two stored values, which random numbers hardly ever are. */
static void plant_halves(check_case *c, check_rng *r) {
    const mn_convert_params *p = &c->params.convert;
    float *in = (float *)(void *)c->inputs[0].data;
    for (int32_t i = 0; i < p->count; i++) {
        if (check_one_in(r, 4))
            in[i] = ((float)check_between(r, -300, 300) + 0.5f) * p->scale[i / p->inner % p->channels];
    }
}

static bool fill_quantize(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_convert_params *p = &c->params.convert;
    if (!is_arithmetic(in) || !check_is_quantized(out)) return false;
    fill_channels(c, r, out);
    if (check_is_quantized(in)) {
        p->in_zero = check_zero_point(r, in), p->out_zero = check_zero_point(r, out);
        mn_quant_quantize(check_scale(r), check_scale(r), &p->multiplier, &p->shift);
    }
    finish_convert(c, r, in, out);
    if (in == MN_FLOAT32) plant_halves(c, r);
    return true;
}

static bool fill_dequantize(check_case *c, check_rng *r, mn_type in, mn_type out) {
    if ((!check_is_quantized(in) && in != MN_FLOAT16) || out != MN_FLOAT32) return false;
    if (check_is_quantized(in)) fill_channels(c, r, in);
    return finish_convert(c, r, in, out);
}

static bool fill_clamp(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_convert_params *p = &c->params.convert;
    if (in != out || !is_arithmetic(in)) return false;
    p->range_f32 = check_range_f32(r);
    if (check_is_quantized(in)) {
        p->range = check_range_i32(r, in);
        p->in_zero = check_zero_point(r, in), p->out_zero = check_zero_point(r, in);
        mn_quant_clamp(check_scale(r), check_scale(r), &p->multiplier, &p->shift);
    }
    return finish_convert(c, r, in, out);
}

static void random_convert(check_case *c, check_rng *r) {
    mn_convert_params *p = &c->params.convert;
    p->channels = check_one_in(r, 2) ? 1 : check_size(r, 24);
    p->inner = check_size(r, 40);
    p->count = check_between(r, 1, 3) * p->channels * p->inner;
}

static void bench_convert(check_case *c, int32_t count) {
    c->params.convert = (mn_convert_params){.count = count, .channels = 1, .inner = count};
}

/* The same values in another 8-bit type. */
static void keep_scale(mn_convert_params *p, mn_type in, mn_type out) {
    mn_quant_quantize(1, 1, &p->multiplier, &p->shift);
    p->out_zero = p->in_zero + (out == MN_UINT8 ? 128 : 0) - (in == MN_UINT8 ? 128 : 0);
}

bool check_make_quantize(check_case *c, check_rng *r, mn_type in, mn_type out) {
    random_convert(c, r);
    if (!fill_quantize(c, r, in, out)) return false;
    if (check_is_quantized(in) && in != MN_INT16 && out != MN_INT16 && check_one_in(r, 3))
        keep_scale(&c->params.convert, in, out);
    return true;
}

bool check_make_dequantize(check_case *c, check_rng *r, mn_type in, mn_type out) {
    random_convert(c, r);
    return fill_dequantize(c, r, in, out);
}

bool check_make_clamp(check_case *c, check_rng *r, mn_type in, mn_type out) {
    random_convert(c, r);
    return fill_clamp(c, r, in, out);
}

bool check_bench_quantize(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    bench_convert(c, 224 * 224 * 3);
    if (index > (check_is_quantized(in) && in != MN_INT16 && out != MN_INT16 ? 1 : 0) || !fill_quantize(c, r, in, out))
        return false;
    if (index == 0) return true;
    keep_scale(&c->params.convert, in, out);
    snprintf(c->shape, sizeof c->shape, "%d elements, the same scale", c->params.convert.count);
    return true;
}

bool check_bench_dequantize(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    bench_convert(c, 1280 * 320);
    return index == 0 && fill_dequantize(c, r, in, out);
}

bool check_bench_clamp(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    bench_convert(c, 56 * 56 * 144);
    return index == 0 && fill_clamp(c, r, in, out);
}

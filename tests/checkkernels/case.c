/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "checkkernels/check.h"

#include <stdio.h>
#include <stdlib.h>

check_maker check_maker_of(mn_kernel_op op) {
    static const check_maker makers[MN_K_OP_COUNT] = {
        [MN_K_CONV] = {check_make_conv, check_bench_conv},
        [MN_K_DEPTHWISE] = {check_make_depthwise, check_bench_depthwise},
        [MN_K_FULLY_CONNECTED] = {check_make_fully_connected, check_bench_fully_connected},
        [MN_K_ADD] = {check_make_add, check_bench_add},
        [MN_K_MUL] = {check_make_mul, check_bench_mul},
        [MN_K_DIV] = {check_make_div, check_bench_div},
        [MN_K_MAXIMUM] = {check_make_maximum, check_bench_maximum},
        [MN_K_PRELU] = {check_make_prelu, check_bench_prelu},
        [MN_K_AVERAGE_POOL] = {check_make_average_pool, check_bench_average_pool},
        [MN_K_MAX_POOL] = {check_make_max_pool, check_bench_max_pool},
        [MN_K_MEAN] = {check_make_mean, check_bench_mean},
        [MN_K_SUM] = {check_make_sum, check_bench_sum},
        [MN_K_REDUCE_MAX] = {check_make_reduce_max, check_bench_reduce_max},
        [MN_K_SOFTMAX] = {check_make_softmax, check_bench_softmax},
        [MN_K_LOG_SOFTMAX] = {check_make_log_softmax, check_bench_log_softmax},
        [MN_K_L2_NORMALIZATION] = {check_make_l2_normalization, check_bench_l2_normalization},
        [MN_K_QUANTIZE] = {check_make_quantize, check_bench_quantize},
        [MN_K_DEQUANTIZE] = {check_make_dequantize, check_bench_dequantize},
        [MN_K_CLAMP] = {check_make_clamp, check_bench_clamp},
        [MN_K_UNARY] = {check_make_unary, check_bench_unary},
        [MN_K_PAD] = {check_make_pad, check_bench_pad},
        [MN_K_TRANSPOSE] = {check_make_transpose, check_bench_transpose},
        [MN_K_CONCATENATION] = {check_make_concatenation, check_bench_concatenation},
        [MN_K_RESIZE_BILINEAR] = {check_make_resize_bilinear, check_bench_resize_bilinear},
        [MN_K_RESIZE_NEAREST] = {check_make_resize_nearest, check_bench_resize_nearest},
        [MN_K_SPACE_TO_BATCH] = {check_make_space_to_batch, check_bench_space_to_batch},
        [MN_K_BATCH_TO_SPACE] = {check_make_batch_to_space, check_bench_batch_to_space},
        [MN_K_COPY] = {check_make_copy, check_bench_copy},
        [MN_K_CONV_DEPTHWISE] = {check_make_conv_depthwise, check_bench_conv_depthwise},
        [MN_K_PROJECT] = {check_make_project, check_bench_project},
        [MN_K_HYBRID_CONV] = {check_make_hybrid_conv, check_bench_hybrid_conv},
        [MN_K_HYBRID_DEPTHWISE] = {check_make_hybrid_depthwise, check_bench_hybrid_depthwise},
        [MN_K_HYBRID_FULLY_CONNECTED] = {check_make_hybrid_fully_connected, check_bench_hybrid_fully_connected},
        [MN_K_CONV_MEAN] = {check_make_conv_mean, check_bench_conv_mean},
    };
    return makers[op];
}

void *check_case_alloc(check_case *c, size_t count, size_t bytes) {
    void *memory = mn_region_alloc(&c->region, count, bytes);
    if (memory == NULL) {
        fprintf(stderr, "checkkernels: out of memory for %zu x %zu bytes\n", count, bytes);
        exit(1);
    }
    return memory;
}

void check_case_close(check_case *c) {
    for (int32_t i = 0; i < CHECK_INPUTS; i++) check_buffer_close(&c->inputs[i]);
    mn_region_free(&c->region);
    *c = (check_case){0};
}

void *check_add_input(check_case *c, check_rng *r, mn_type type, size_t count, bool constant) {
    int32_t i = c->input_count++;
    check_buffer_open(&c->inputs[i], r, count * mn_type_size(type), mn_type_size(type));
    c->constant[i] = constant;
    if (constant)
        check_fill_weights(r, type, c->inputs[i].data, count);
    else
        check_fill(r, type, c->inputs[i].data, count);
    return c->inputs[i].data;
}

void check_set_output(check_case *c, mn_type type, size_t count, int32_t units) {
    c->out_alignment = mn_type_size(type);
    c->out_bytes = count * c->out_alignment;
    c->units = units;
}

bool check_is_quantized(mn_type type) { return type == MN_INT8 || type == MN_UINT8 || type == MN_INT16; }

mn_type check_any_type(check_rng *r) {
    static const mn_type types[] = {MN_UINT8, MN_INT8, MN_FLOAT16, MN_FLOAT32, MN_INT64};
    return types[check_between(r, 0, 4)];
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/bind.h"

#include <float.h>

#include "kernels/quant.h"

bool mn_bind_quantised(const mn_binder *b) {
    mn_type type = mn_bind_input(b, 0)->type;
    return type == MN_INT8 || type == MN_UINT8 || type == MN_INT16;
}

bool mn_bind_wide(const mn_binder *b) { return mn_bind_input(b, 0)->type == MN_INT16; }

bool mn_bind_bias_64(const mn_binder *b) {
    const mn_tensor *bias = mn_bind_input(b, 2);
    return mn_bind_wide(b) && (!bias || bias->type == MN_INT64);
}

mn_range_f32 mn_bind_range_f32(mn_activation activation) {
    switch (activation) {
    case MN_ACT_NONE: break;
    case MN_ACT_RELU: return (mn_range_f32){0.0f, FLT_MAX};
    case MN_ACT_RELU_N1_TO_1: return (mn_range_f32){-1.0f, 1.0f};
    case MN_ACT_RELU6: return (mn_range_f32){0.0f, 6.0f};
    }
    return (mn_range_f32){-FLT_MAX, FLT_MAX};
}

mn_range_i32 mn_bind_range(const mn_binder *b, mn_activation activation) {
    const mn_tensor *out = mn_bind_output(b);
    return mn_quant_range(mn_bind_range_f32(activation), out->type, mn_bind_scale(out), mn_bind_zero(out));
}

void mn_bind_finish(const mn_binder *b, mn_kernel_op op, const void *params, int32_t units, mn_binding *out) {
    *out = (mn_binding){.op = op,
                        .in = mn_bind_input(b, mn_op_first_input(b->op->kind))->type,
                        .out = mn_bind_output(b)->type,
                        .params = params,
                        .units = units,
                        .input_count = b->op->input_count};
}

void mn_bind_full_dims(const mn_shape *shape, int32_t dims[MN_MAX_RANK]) {
    int32_t missing = MN_MAX_RANK - shape->rank;
    for (int32_t d = 0; d < MN_MAX_RANK; d++) dims[d] = d < missing ? 1 : shape->dims[d - missing];
}

void mn_bind_strides(const int32_t dims[MN_MAX_RANK], int32_t stride[MN_MAX_RANK]) {
    int32_t step = 1;
    for (int32_t d = MN_MAX_RANK - 1; d >= 0; d--) {
        stride[d] = step;
        step *= dims[d];
    }
}

bool mn_bind_alias(const mn_shape *shapes, const mn_op *op) {
    const mn_shape *in = &shapes[op->inputs[mn_op_first_input(op->kind)]], *out = &shapes[op->outputs[0]];
    switch (op->kind) {
    case MN_OP_RESHAPE:
    case MN_OP_SQUEEZE:
    case MN_OP_EXPAND_DIMS: return true;
    case MN_OP_RESIZE_BILINEAR:
    case MN_OP_RESIZE_NEAREST_NEIGHBOR: return mn_shape_equal(in, out);
    case MN_OP_SPLIT:
    case MN_OP_SPLIT_V:
    case MN_OP_UNPACK: return op->output_count == 1;
    case MN_OP_PACK: return op->input_count == 1;
    case MN_OP_TILE: return mn_shape_count(in) == mn_shape_count(out);
    case MN_OP_STRIDED_SLICE:
    case MN_OP_SLICE:
        for (int32_t i = 0; i < op->attr.slice.count; i++) {
            if (op->attr.slice.step[i] < 0) return false;
        }
        return mn_shape_count(in) == mn_shape_count(out);
    default: return false;
    }
}

mn_status mn_bind(const mn_graph *graph, const mn_shape *shapes, mn_region *region, int32_t op_index, mn_binding *out) {
    return mn_bind_part(graph, shapes, region, op_index, 0, 0, out);
}

mn_status mn_bind_part(const mn_graph *graph, const mn_shape *shapes, mn_region *region, int32_t op_index, int32_t part,
                       int32_t begin, mn_binding *out) {
    const mn_op *op = &graph->ops[op_index];
    const mn_binder b = {.graph = graph,
                         .shapes = shapes,
                         .region = region,
                         .op_index = op_index,
                         .op = op,
                         .part = part,
                         .part_begin = begin};
    switch (op->kind) {
    case MN_OP_CONV_2D: return mn_bind_conv(&b, out);
    case MN_OP_DEPTHWISE_CONV_2D: return mn_bind_depthwise(&b, out);
    case MN_OP_FULLY_CONNECTED: return mn_bind_fully_connected(&b, out);
    case MN_OP_AVERAGE_POOL_2D: return mn_bind_pool(&b, MN_K_AVERAGE_POOL, out);
    case MN_OP_MAX_POOL_2D: return mn_bind_pool(&b, MN_K_MAX_POOL, out);
    case MN_OP_ADD: return mn_bind_add(&b, false, out);
    case MN_OP_SUB: return mn_bind_add(&b, true, out);
    case MN_OP_MUL: return mn_bind_mul(&b, out);
    case MN_OP_DIV: return mn_bind_div(&b, out);
    case MN_OP_MAXIMUM: return mn_bind_maximum(&b, false, out);
    case MN_OP_MINIMUM: return mn_bind_maximum(&b, true, out);
    case MN_OP_PRELU: return mn_bind_prelu(&b, out);
    case MN_OP_MEAN: return mn_bind_reduce(&b, MN_K_MEAN, out);
    case MN_OP_SUM: return mn_bind_reduce(&b, MN_K_SUM, out);
    case MN_OP_REDUCE_MAX: return mn_bind_reduce(&b, MN_K_REDUCE_MAX, out);
    case MN_OP_SOFTMAX: return mn_bind_softmax(&b, MN_K_SOFTMAX, out);
    case MN_OP_LOG_SOFTMAX: return mn_bind_softmax(&b, MN_K_LOG_SOFTMAX, out);
    case MN_OP_L2_NORMALIZATION: return mn_bind_l2_normalization(&b, out);
    case MN_OP_QUANTIZE: return mn_bind_quantize(&b, out);
    case MN_OP_CAST: /* the scale is 1 */
    case MN_OP_DEQUANTIZE: return mn_bind_dequantize(&b, out);
    case MN_OP_RELU: return mn_bind_clamp(&b, (mn_range_f32){0, INFINITY}, out);
    case MN_OP_RELU6: return mn_bind_clamp(&b, (mn_range_f32){0, 6}, out);
    case MN_OP_RELU_N1_TO_1: return mn_bind_clamp(&b, (mn_range_f32){-1, 1}, out);
    case MN_OP_RELU_0_TO_1: return mn_bind_clamp(&b, (mn_range_f32){0, 1}, out);
    case MN_OP_LOGISTIC:
    case MN_OP_TANH:
    case MN_OP_HARD_SWISH:
    case MN_OP_LEAKY_RELU:
    case MN_OP_ELU:
    case MN_OP_SQUARE:
    case MN_OP_RSQRT: return mn_bind_unary(&b, out);
    case MN_OP_PAD: return mn_bind_pad(&b, out);
    case MN_OP_TRANSPOSE: return mn_bind_transpose(&b, out);
    case MN_OP_CONCATENATION: return mn_bind_concatenation(&b, out);
    case MN_OP_STRIDED_SLICE:
    case MN_OP_SLICE: return mn_bind_slice(&b, out);
    case MN_OP_SPLIT:
    case MN_OP_SPLIT_V:
    case MN_OP_UNPACK: return mn_bind_split(&b, out);
    case MN_OP_TILE: return mn_bind_tile(&b, out);
    case MN_OP_PACK: return mn_bind_pack(&b, out);
    case MN_OP_RESIZE_BILINEAR:
    case MN_OP_RESIZE_NEAREST_NEIGHBOR: return mn_bind_resize(&b, out);
    case MN_OP_SPACE_TO_BATCH_ND:
    case MN_OP_BATCH_TO_SPACE_ND: return mn_bind_space(&b, out);
    case MN_OP_RESHAPE:
    case MN_OP_SQUEEZE:
    case MN_OP_EXPAND_DIMS:
    case MN_OP_SHAPE:
    case MN_OP_GATHER:
    case MN_OP_REDUCE_PROD:
    case MN_OP_CUSTOM:
    case MN_OP_KIND_COUNT: break;
    }
    return mn_graph_fail(graph, op_index, MN_ERROR_UNSUPPORTED, "runs no kernel");
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/fuse.h"

#include <string.h>

void mn_fuse_count_readers(const mn_graph *graph, int32_t *readers) {
    memset(readers, 0, (size_t)graph->tensor_count * sizeof *readers);
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        for (int32_t j = 0; j < op->input_count; j++) {
            if (op->inputs[j] >= 0) readers[op->inputs[j]]++;
        }
    }
    for (int32_t i = 0; i < graph->output_count; i++) readers[graph->outputs[i]]++;
}

static bool is_quantised(const mn_graph *graph, int32_t tensor) {
    const mn_type type = graph->tensors[tensor].type;
    return type == MN_INT8 || type == MN_UINT8;
}

static bool is_float(const mn_graph *graph, int32_t tensor) { return graph->tensors[tensor].type == MN_FLOAT32; }

static bool is_constant(const mn_graph *graph, const mn_op *op, int32_t input) {
    if (input >= op->input_count || op->inputs[input] < 0) return true; /* no bias */
    return graph->tensors[op->inputs[input]].data != NULL;
}

/* Constant weights of the activations' type. */
static bool has_constant_weights(const mn_graph *graph, const mn_op *op) {
    return is_constant(graph, op, 1) && is_constant(graph, op, 2) &&
           graph->tensors[op->inputs[0]].type == graph->tensors[op->inputs[1]].type;
}

/* Operator `i` of `kind`, when it alone reads what the one before it writes, as operand `operand`. */
static bool follows(const mn_graph *graph, const int32_t *readers, int32_t i, mn_op_kind kind, int32_t operand) {
    if (i >= graph->op_count || graph->ops[i].kind != kind) return false;
    const int32_t between = graph->ops[i - 1].outputs[0];
    return readers[between] == 1 && graph->ops[i].inputs[operand] == between;
}

static bool same_shape(const mn_shape *a, const mn_shape *b) {
    return a->rank == b->rank && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof a->dims[0]) == 0;
}

static bool is_pointwise(const mn_graph *graph, const mn_shape *shapes, const mn_op *op) {
    const mn_shape *weights = &shapes[op->inputs[1]], *in = &shapes[op->inputs[0]];
    return graph->tensors[op->inputs[1]].rank == 4 && weights->dims[1] == 1 && weights->dims[2] == 1 &&
           weights->dims[3] == in->dims[3] && op->attr.stride_h == 1 && op->attr.stride_w == 1;
}

static void find_add(const mn_graph *graph, const mn_shape *shapes, const int32_t *readers, mn_fusion *f) {
    const int32_t index = f->first + 3;
    for (int32_t operand = 0; operand < 2; operand++) {
        if (!follows(graph, readers, index, MN_OP_ADD, operand)) continue;
        const mn_op *add = &graph->ops[index];
        const int32_t other = add->inputs[1 - operand];
        if (other == add->inputs[operand]) return;
        if (!same_shape(&shapes[other], &shapes[add->inputs[operand]])) return;
        f->adds = true;
        f->residual = other;
        f->residual_first = operand == 1;
        return;
    }
}

bool mn_fuse_flips(const mn_graph *graph, int32_t i) {
    if (graph->ops[i].kind != MN_OP_QUANTIZE) return false;
    const mn_tensor *in = &graph->tensors[graph->ops[i].inputs[0]], *out = &graph->tensors[graph->ops[i].outputs[0]];
    if (in->type != MN_UINT8 || out->type != MN_INT8 || in->quant.count != 1 || out->quant.count != 1) return false;
    return in->quant.scale[0] == out->quant.scale[0] && in->quant.zero_point[0] == out->quant.zero_point[0] + 128;
}

bool mn_fuse_find(const mn_graph *graph, const mn_shape *shapes, const int32_t *readers, int32_t first,
                  mn_fusion *out) {
    const bool flips = mn_fuse_flips(graph, first) && follows(graph, readers, first + 1, MN_OP_CONV_2D, 0);
    if (flips) first++;
    const mn_op *conv = &graph->ops[first];
    if (conv->kind != MN_OP_CONV_2D) return false;
    if (!is_quantised(graph, conv->inputs[0]) && !is_float(graph, conv->inputs[0])) return false;
    if (!follows(graph, readers, first + 1, MN_OP_DEPTHWISE_CONV_2D, 0)) return false;
    if (!follows(graph, readers, first + 2, MN_OP_CONV_2D, 0)) return false;
    for (int32_t i = 0; i < 3; i++) {
        if (!has_constant_weights(graph, &graph->ops[first + i])) return false;
    }
    if (!is_pointwise(graph, shapes, &graph->ops[first + 2])) return false;
    *out = (mn_fusion){.first = first, .flips = flips};
    find_add(graph, shapes, readers, out);
    return true;
}

bool mn_fuse_find_end(const mn_graph *graph, const mn_shape *shapes, const int32_t *readers, int32_t first,
                      mn_pooling *out) {
    const mn_op *conv = &graph->ops[first];
    if (conv->kind != MN_OP_CONV_2D) return false;
    if (!is_quantised(graph, conv->inputs[0]) && !is_float(graph, conv->inputs[0])) return false;
    if (!has_constant_weights(graph, conv) || !is_pointwise(graph, shapes, conv)) return false;
    *out = MN_POOLING_NONE;
    if (follows(graph, readers, first + 1, MN_OP_MEAN, 0)) *out = MN_POOLING_MEAN;
    if (follows(graph, readers, first + 1, MN_OP_AVERAGE_POOL_2D, 0)) *out = MN_POOLING_AVERAGE;
    const mn_shape *result = &shapes[conv->outputs[0]];
    return *out != MN_POOLING_NONE || mn_shape_count(result) == result->dims[3];
}

/* One axis of a dilated convolution: a window starts `pad` cells before the input, and taps are `dilation` apart. */
typedef struct axis {
    int32_t pad, dilation;
} axis;

/* A cell that is r from the start of what BATCH_TO_SPACE_ND leaves is r + crop from the start of the padded input,
 * which is cut into `block` images of every block-th cell: taps of one image are block cells apart. Padding of the
 * convolution itself lies before each image. */
static bool find_axis(const mn_op *ops, int32_t i, int32_t in, int32_t image, int32_t taps, int32_t out, axis *found) {
    const mn_op_attr *conv = &ops[1].attr;
    const int32_t block = ops[0].attr.list[i], dilation = i == 0 ? conv->dilation_h : conv->dilation_w;
    const int32_t cells = mn_window_output(conv->padding, image, taps, 1, dilation);
    const int64_t inner = conv->padding == MN_PAD_SAME ? mn_window_padding(image, cells, taps, 1, dilation) : 0;
    const int64_t pad = ops[0].attr.pad[i][0] - ops[2].attr.pad[i][0] + inner * block;
    const int64_t reach = (int64_t)(taps - 1) * dilation * block, behind = out - 1 + reach - pad - (in - 1);
    const int64_t apart = (int64_t)dilation * block;
    if (ops[2].attr.list[i] != block || pad < 0 || pad > reach || behind > reach || apart > INT32_MAX) return false;
    *found = (axis){.pad = (int32_t)pad, .dilation = (int32_t)apart};
    return true;
}

bool mn_fuse_find_dilated(const mn_graph *graph, const mn_shape *shapes, const int32_t *readers, int32_t first,
                          mn_window *out) {
    const mn_op *ops = &graph->ops[first];
    if (ops[0].kind != MN_OP_SPACE_TO_BATCH_ND || ops[0].attr.list_count != 2) return false;
    if (!follows(graph, readers, first + 1, MN_OP_CONV_2D, 0) &&
        !follows(graph, readers, first + 1, MN_OP_DEPTHWISE_CONV_2D, 0)) {
        return false;
    }
    if (!follows(graph, readers, first + 2, MN_OP_BATCH_TO_SPACE_ND, 0)) return false;
    const mn_shape *in = &shapes[ops[0].inputs[0]], *image = &shapes[ops[0].outputs[0]],
                   *taps = &shapes[ops[1].inputs[1]], *result = &shapes[ops[2].outputs[0]];
    axis h, w;
    if (ops[1].attr.stride_h != 1 || ops[1].attr.stride_w != 1) return false;
    if (!find_axis(ops, 0, in->dims[1], image->dims[1], taps->dims[1], result->dims[1], &h)) return false;
    if (!find_axis(ops, 1, in->dims[2], image->dims[2], taps->dims[2], result->dims[2], &w)) return false;
    *out = (mn_window){.batches = in->dims[0],
                       .in_h = in->dims[1],
                       .in_w = in->dims[2],
                       .out_h = result->dims[1],
                       .out_w = result->dims[2],
                       .stride_h = 1,
                       .stride_w = 1,
                       .dilation_h = h.dilation,
                       .dilation_w = w.dilation,
                       .pad_top = h.pad,
                       .pad_left = w.pad};
    return true;
}

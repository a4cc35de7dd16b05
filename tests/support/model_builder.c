/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "support/model_builder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/shape.h"

static void *take(model_builder *b, size_t count, size_t bytes) {
    void *memory = mn_region_alloc(&b->graph.region, count, bytes);
    if (!memory) {
        fputs("model_builder: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}

void mb_open(model_builder *b, mn_type type, uint32_t seed) {
    *b = (model_builder){.state = seed * 2654435761u + 1, .type = type};
    b->graph.name = "test";
    b->graph.description = "random weights";
    b->graph.tensors = take(b, MB_MAX_TENSORS, sizeof *b->graph.tensors);
    b->graph.ops = take(b, MB_MAX_OPS, sizeof *b->graph.ops);
    b->tensor_room = MB_MAX_TENSORS;
    b->op_room = MB_MAX_OPS;
}

/* Marsaglia's xorshift32. */
static uint32_t next(model_builder *b) {
    b->state ^= b->state << 13;
    b->state ^= b->state >> 17;
    b->state ^= b->state << 5;
    return b->state;
}

int32_t mb_random(model_builder *b, int32_t low, int32_t high) {
    return low + (int32_t)(next(b) % (uint32_t)(high - low + 1));
}

/* ---- Tensors ----------------------------------------------------------------------------------------- */

static bool is_quantised(mn_type type) { return type == MN_INT8 || type == MN_UINT8 || type == MN_INT16; }

void mb_quantise(model_builder *b, int32_t tensor, int32_t count, int32_t axis, float scale, int32_t zero_point) {
    float *scales = take(b, (size_t)count, sizeof *scales);
    int32_t *zero_points = take(b, (size_t)count, sizeof *zero_points);
    for (int32_t i = 0; i < count; i++) {
        scales[i] = scale * (1.0f + 0.125f * (float)(i % 5));
        zero_points[i] = zero_point;
    }
    b->graph.tensors[tensor].quant = (mn_quant){count, axis, scales, zero_points};
}

int32_t mb_tensor(model_builder *b, const char *name, mn_type type, int32_t rank, const int32_t *dims) {
    mn_graph *graph = &b->graph;
    if (graph->tensor_count == b->tensor_room) {
        fputs("model_builder: too many tensors\n", stderr);
        exit(EXIT_FAILURE);
    }
    mn_tensor *tensor = &graph->tensors[graph->tensor_count];
    *tensor = (mn_tensor){.name = name, .type = type, .rank = rank, .bytes = mn_type_size(type)};
    for (int32_t d = 0; d < rank; d++) {
        tensor->dims[d] = dims[d];
        tensor->bytes *= (size_t)dims[d];
    }
    int32_t index = graph->tensor_count++;
    if (is_quantised(type))
        mb_quantise(b, index, 1, 0, 0.0625f, type == MN_INT8 ? mb_random(b, -20, 20) : type == MN_UINT8 ? 120 : 0);
    return index;
}

int32_t mb_constant(model_builder *b, const char *name, mn_type type, int32_t rank, const int32_t *dims) {
    int32_t index = mb_tensor(b, name, type, rank, dims);
    mn_tensor *tensor = &b->graph.tensors[index];
    size_t count = tensor->bytes / mn_type_size(type);
    void *data = take(b, count, mn_type_size(type));
    for (size_t i = 0; i < count; i++) {
        if (type == MN_FLOAT32) ((float *)data)[i] = (float)mb_random(b, -100, 100) / 128.0f;
        if (type == MN_INT32) ((int32_t *)data)[i] = mb_random(b, -500, 500);
        if (type == MN_INT8) ((int8_t *)data)[i] = (int8_t)mb_random(b, -127, 127);
        if (type == MN_UINT8) ((uint8_t *)data)[i] = (uint8_t)mb_random(b, 0, 255);
        /* Halves in (-1, 1): sign, exponent up to 14, any fraction. */
        if (type == MN_FLOAT16) ((uint16_t *)data)[i] = (uint16_t)(next(b) & 0xb7ff);
    }
    tensor->data = data;
    return index;
}

int32_t mb_list(model_builder *b, const char *name, int32_t count, const int32_t *values) {
    int32_t index = mb_tensor(b, name, MN_INT32, 1, &count);
    int32_t *data = take(b, (size_t)count, sizeof *data);
    memcpy(data, values, (size_t)count * sizeof *data);
    b->graph.tensors[index].data = data;
    return index;
}

int32_t mb_number(model_builder *b, const char *name, int32_t value) {
    const int32_t list = mb_list(b, name, 1, &value);
    b->graph.tensors[list].rank = 0;
    b->graph.tensors[list].dims[0] = 0;
    return list;
}

/* ---- Operators --------------------------------------------------------------------------------------- */

mn_op *mb_op_parts(model_builder *b, mn_op_kind kind, int32_t version, int32_t input_count, const int32_t *inputs,
                   int32_t output_count, const int32_t *outputs) {
    mn_graph *graph = &b->graph;
    if (graph->op_count == b->op_room) {
        fputs("model_builder: too many operators\n", stderr);
        exit(EXIT_FAILURE);
    }
    mn_op *op = &graph->ops[graph->op_count++];
    *op = (mn_op){.kind = kind, .version = version, .input_count = input_count, .output_count = output_count};
    op->inputs = take(b, (size_t)input_count, sizeof *op->inputs);
    memcpy(op->inputs, inputs, (size_t)input_count * sizeof *op->inputs);
    op->outputs = take(b, (size_t)output_count, sizeof *op->outputs);
    memcpy(op->outputs, outputs, (size_t)output_count * sizeof *op->outputs);
    return op;
}

mn_op *mb_op(model_builder *b, mn_op_kind kind, int32_t version, int32_t input_count, const int32_t *inputs,
             int32_t output) {
    return mb_op_parts(b, kind, version, input_count, inputs, 1, &output);
}

mn_op *mb_custom(model_builder *b, const char *name, const void *options, size_t bytes, int32_t input_count,
                 const int32_t *inputs, int32_t output_count, const int32_t *outputs) {
    mn_op *op = mb_op_parts(b, MN_OP_CUSTOM, 1, input_count, inputs, output_count, outputs);
    op->attr.custom = (mn_custom){.name = name, .options = options, .bytes = bytes};
    return op;
}

void mb_ends(model_builder *b, int32_t input, int32_t output) {
    mn_graph *graph = &b->graph;
    graph->input_count = graph->output_count = 1;
    graph->inputs = take(b, 1, sizeof *graph->inputs);
    graph->outputs = take(b, 1, sizeof *graph->outputs);
    graph->inputs[0] = input;
    graph->outputs[0] = output;
}

/* ---- Layers: each takes the index of its input and returns that of its output ------------------------- */

static const mn_tensor *at(const model_builder *b, int32_t tensor) { return &b->graph.tensors[tensor]; }

/* Version 2 of most operators means int8. */
static int32_t version_of(const model_builder *b) { return b->type == MN_INT8 ? 2 : 1; }

static mn_activation any_activation(model_builder *b) { return (mn_activation)mb_random(b, 0, 3); }

int32_t mb_alike(model_builder *b, const char *name, int32_t x, int32_t rank, const int32_t *dims) {
    int32_t y = mb_tensor(b, name, at(b, x)->type, rank, dims);
    b->graph.tensors[y].quant = at(b, x)->quant;
    return y;
}

static void any_window(model_builder *b, mn_op_attr *attr, bool dilate) {
    attr->padding = (mn_padding)mb_random(b, 0, 1);
    attr->stride_h = mb_random(b, 1, 2);
    attr->stride_w = mb_random(b, 1, 2);
    attr->dilation_h = dilate && attr->stride_h == 1 && attr->stride_w == 1 ? mb_random(b, 1, 2) : 1;
    attr->dilation_w = attr->dilation_h;
    attr->activation = any_activation(b);
}

/* Dimensions after a window; the padding becomes SAME where VALID does not fit. */
static void window_dims(const mn_tensor *x, mn_op_attr *attr, int32_t h, int32_t w, int32_t out[4]) {
    if ((h - 1) * attr->dilation_h >= x->dims[1] || (w - 1) * attr->dilation_w >= x->dims[2])
        attr->padding = MN_PAD_SAME;
    out[0] = x->dims[0];
    out[1] = mn_window_output(attr->padding, x->dims[1], h, attr->stride_h, attr->dilation_h);
    out[2] = mn_window_output(attr->padding, x->dims[2], w, attr->stride_w, attr->dilation_w);
}

/* Weights and bias, quantised per channel along `axis` or per tensor. *bias is -1 now and then where
 * `may_omit`: TFLite insists on one in CONV_2D. */
static int32_t weights(model_builder *b, int32_t x, int32_t rank, const int32_t *dims, int32_t axis, bool may_omit,
                       int32_t *bias) {
    int32_t w = mb_constant(b, "weights", b->type, rank, dims);
    int32_t channels = dims[axis];
    bool per_channel = b->type == MN_INT8 && mb_random(b, 0, 2) > 0;
    if (is_quantised(b->type)) {
        mb_quantise(b, w, per_channel ? channels : 1, per_channel ? axis : 0, 0.01f, b->type == MN_INT8 ? 0 : 131);
    }
    *bias = -1;
    if (may_omit && mb_random(b, 0, 3) == 0) return w;
    *bias = mb_constant(b, "bias", is_quantised(b->type) ? MN_INT32 : MN_FLOAT32, 1, &channels);
    if (!is_quantised(b->type)) return w;
    mb_quantise(b, *bias, at(b, w)->quant.count, 0, at(b, x)->quant.scale[0] * 0.01f, 0);
    return w;
}

static int32_t conv(model_builder *b, int32_t x) {
    int32_t out[4] = {0, 0, 0, mb_random(b, 2, 8)}, bias;
    int32_t dims[4] = {out[3], mb_random(b, 1, 3), mb_random(b, 1, 3), at(b, x)->dims[3]};
    int32_t w = weights(b, x, 4, dims, 0, false, &bias);
    mn_op_attr attr = {0};
    any_window(b, &attr, true);
    window_dims(at(b, x), &attr, dims[1], dims[2], out);
    int32_t y = mb_tensor(b, "conv", b->type, 4, out);
    mb_op(b, MN_OP_CONV_2D, b->type == MN_INT8 ? 3 : 1, 3, (int32_t[]){x, w, bias}, y)->attr = attr;
    return y;
}

static int32_t depthwise(model_builder *b, int32_t x) {
    mn_op_attr attr = {.depth_multiplier = at(b, x)->dims[3] <= 4 ? mb_random(b, 1, 2) : 1};
    int32_t out[4] = {0, 0, 0, at(b, x)->dims[3] * attr.depth_multiplier}, bias;
    int32_t dims[4] = {1, mb_random(b, 1, 3), mb_random(b, 1, 3), out[3]};
    int32_t w = weights(b, x, 4, dims, 3, true, &bias);
    any_window(b, &attr, true);
    window_dims(at(b, x), &attr, dims[1], dims[2], out);
    int32_t y = mb_tensor(b, "depthwise", b->type, 4, out);
    mb_op(b, MN_OP_DEPTHWISE_CONV_2D, b->type == MN_INT8 ? 3 : 2, bias < 0 ? 2 : 3, (int32_t[]){x, w, bias}, y)->attr =
        attr;
    return y;
}

static int32_t pool(model_builder *b, int32_t x) {
    mn_op_attr attr = {.filter_h = mb_random(b, 1, 3), .filter_w = mb_random(b, 1, 3)};
    int32_t out[4] = {0, 0, 0, at(b, x)->dims[3]};
    any_window(b, &attr, false);
    window_dims(at(b, x), &attr, attr.filter_h, attr.filter_w, out);
    int32_t y = mb_alike(b, "pool", x, 4, out);
    mn_op_kind kind = mb_random(b, 0, 1) ? MN_OP_MAX_POOL_2D : MN_OP_AVERAGE_POOL_2D;
    mb_op(b, kind, version_of(b), 1, &x, y)->attr = attr;
    return y;
}

/* The second operand is the first, or a constant for each channel. */
static int32_t binary(model_builder *b, int32_t x) {
    const mn_op_kind kinds[] = {MN_OP_ADD, MN_OP_SUB, MN_OP_MUL};
    mn_op_kind kind = kinds[mb_random(b, 0, 2)];
    int32_t other = x;
    if (mb_random(b, 0, 1)) other = mb_constant(b, "operand", b->type, 1, &at(b, x)->dims[3]);
    int32_t y = mb_tensor(b, "sum", b->type, 4, at(b, x)->dims);
    mb_op(b, kind, version_of(b), 2, (int32_t[]){x, other}, y)->attr.activation = any_activation(b);
    return y;
}

/* MAXIMUM or MINIMUM with a bound of the same quantisation. */
static int32_t bound(model_builder *b, int32_t x) {
    int32_t other = mb_constant(b, "bound", b->type, 1, &at(b, x)->dims[3]);
    b->graph.tensors[other].quant = at(b, x)->quant;
    int32_t y = mb_alike(b, "bounded", x, 4, at(b, x)->dims);
    mb_op(b, mb_random(b, 0, 1) ? MN_OP_MAXIMUM : MN_OP_MINIMUM, version_of(b), 2, (int32_t[]){x, other}, y);
    return y;
}

/* With a slope for each channel. */
static int32_t prelu(model_builder *b, int32_t x) {
    int32_t slope = mb_constant(b, "slope", b->type, 1, &at(b, x)->dims[3]);
    int32_t y = mb_tensor(b, "bent", b->type, 4, at(b, x)->dims);
    mb_op(b, MN_OP_PRELU, 1, 2, (int32_t[]){x, slope}, y);
    return y;
}

/* Pixels of length 1. */
static int32_t l2_normalization(model_builder *b, int32_t x) {
    int32_t y = mb_tensor(b, "unit", b->type, 4, at(b, x)->dims);
    if (is_quantised(b->type)) mb_quantise(b, y, 1, 0, 1.0f / 128, b->type == MN_INT8 ? 0 : 128);
    mb_op(b, MN_OP_L2_NORMALIZATION, version_of(b), 1, &x, y);
    return y;
}

/* By numbers from 1 on. */
static int32_t divide(model_builder *b, int32_t x) {
    if (b->type != MN_FLOAT32) return bound(b, x);
    int32_t other = mb_constant(b, "divisor", MN_FLOAT32, 1, &at(b, x)->dims[3]);
    float *values = (float *)(uintptr_t)at(b, other)->data;
    for (int32_t c = 0; c < at(b, x)->dims[3]; c++) values[c] = 1 + fabsf(values[c]);
    int32_t y = mb_tensor(b, "quotient", MN_FLOAT32, 4, at(b, x)->dims);
    mb_op(b, MN_OP_DIV, 1, 2, (int32_t[]){x, other}, y)->attr.activation = any_activation(b);
    return y;
}

static int32_t pad(model_builder *b, int32_t x) {
    const int32_t shape[2] = {4, 2};
    int32_t pads = mb_constant(b, "paddings", MN_INT32, 2, shape), out[4];
    int32_t *values = (int32_t *)(uintptr_t)at(b, pads)->data;
    mn_op_attr attr = {.list_count = 4};
    for (int32_t d = 0; d < 4; d++) {
        for (int32_t i = 0; i < 2; i++) {
            attr.pad[d][i] = values[2 * d + i] = d == 1 || d == 2 ? mb_random(b, 0, 1) : 0;
        }
        out[d] = at(b, x)->dims[d] + attr.pad[d][0] + attr.pad[d][1];
    }
    int32_t y = mb_alike(b, "pad", x, 4, out);
    mb_op(b, MN_OP_PAD, version_of(b), 2, (int32_t[]){x, pads}, y)->attr = attr;
    return y;
}

static int32_t transpose(model_builder *b, int32_t x) {
    const int32_t order[4] = {0, 2, 1, 3}, *dims = at(b, x)->dims;
    int32_t list = mb_list(b, "order", 4, order),
            y = mb_alike(b, "turn", x, 4, (int32_t[]){dims[0], dims[2], dims[1], dims[3]});
    mn_op *op = mb_op(b, MN_OP_TRANSPOSE, version_of(b), 2, (int32_t[]){x, list}, y);
    op->attr.list_count = 4;
    memcpy(op->attr.list, order, sizeof order);
    return y;
}

static int32_t concatenation(model_builder *b, int32_t x) {
    const int32_t *dims = at(b, x)->dims;
    if (dims[3] > 8) return x;
    int32_t y = mb_alike(b, "both", x, 4, (int32_t[]){dims[0], dims[1], dims[2], 2 * dims[3]});
    mb_op(b, MN_OP_CONCATENATION, version_of(b), 2, (int32_t[]){x, x}, y)->attr.axis = mb_random(b, 0, 1) ? 3 : -1;
    return y;
}

/* A function of each element. */
static int32_t unary(model_builder *b, int32_t x) {
    static const mn_op_kind kinds[] = {MN_OP_RELU,     MN_OP_RELU6, MN_OP_RELU_N1_TO_1, MN_OP_RELU_0_TO_1,
                                       MN_OP_LOGISTIC, MN_OP_TANH,  MN_OP_HARD_SWISH,   MN_OP_LEAKY_RELU,
                                       MN_OP_ELU,      MN_OP_SQUARE};
    mn_op_kind kind = kinds[mb_random(b, 0, b->type == MN_FLOAT32 ? 9 : b->type == MN_INT8 ? 8 : 7)];
    int32_t y = mb_tensor(b, "unary", b->type, 4, at(b, x)->dims);
    mn_op *op = mb_op(b, kind, 1, 1, &x, y);
    if (kind == MN_OP_LEAKY_RELU) op->attr.alpha = 0.3f;
    if (kind != MN_OP_LOGISTIC || b->type == MN_UINT8) return y;
    int32_t z = mb_tensor(b, "root", b->type, 4, at(b, x)->dims); /* of what is positive */
    mb_op(b, MN_OP_RSQRT, 1, 1, &y, z);
    return z;
}

/* To float and back; float weights stored as halves for a float model. */
static int32_t convert(model_builder *b, int32_t x) {
    if (is_quantised(b->type)) {
        int32_t real = mb_tensor(b, "real", MN_FLOAT32, 4, at(b, x)->dims);
        mb_op(b, MN_OP_DEQUANTIZE, version_of(b), 1, &x, real);
        int32_t y = mb_tensor(b, "stored", b->type, 4, at(b, x)->dims);
        mb_op(b, MN_OP_QUANTIZE, 1, 1, &real, y);
        return y;
    }
    int32_t half = mb_constant(b, "half", MN_FLOAT16, 1, &at(b, x)->dims[3]);
    int32_t whole = mb_tensor(b, "whole", MN_FLOAT32, 1, &at(b, x)->dims[3]);
    mb_op(b, MN_OP_DEQUANTIZE, 3, 1, &half, whole);
    int32_t y = mb_tensor(b, "product", MN_FLOAT32, 4, at(b, x)->dims);
    mb_op(b, MN_OP_MUL, 1, 2, (int32_t[]){x, whole}, y);
    return y;
}

/* ---- The end of a classifier: [n, h, w, c] to probabilities ------------------------------------------- */

/* To [n, c], by MEAN, or by a pool over the whole and SQUEEZE. */
static int32_t flatten(model_builder *b, int32_t x) {
    const int32_t dims[4] = {at(b, x)->dims[0], 1, 1, at(b, x)->dims[3]}, flat[2] = {dims[0], dims[3]};
    const int32_t plane[2] = {1, 2};
    if (mb_random(b, 0, 1)) {
        bool keep = mb_random(b, 0, 1);
        static const mn_op_kind kinds[] = {MN_OP_MEAN, MN_OP_MEAN, MN_OP_REDUCE_MAX, MN_OP_SUM};
        mn_op_kind kind = kinds[mb_random(b, 0, 3)];
        int32_t axes = mb_list(b, "axes", 2, plane), mean;
        if (kind == MN_OP_REDUCE_MAX)
            mean = mb_alike(b, "most", x, keep ? 4 : 2, keep ? dims : flat);
        else
            mean = mb_tensor(b, "mean", b->type, keep ? 4 : 2, keep ? dims : flat);
        mn_op *op = mb_op(b, kind, version_of(b), 2, (int32_t[]){x, axes}, mean);
        op->attr.keep_dims = keep;
        op->attr.list_count = 2;
        memcpy(op->attr.list, plane, sizeof plane);
        return mean;
    }
    int32_t pooled = mb_alike(b, "pooled", x, 4, dims);
    mb_op(b, MN_OP_AVERAGE_POOL_2D, version_of(b), 1, &x, pooled)->attr = (mn_op_attr){.padding = MN_PAD_VALID,
                                                                                       .stride_h = 1,
                                                                                       .stride_w = 1,
                                                                                       .dilation_h = 1,
                                                                                       .dilation_w = 1,
                                                                                       .filter_h = at(b, x)->dims[1],
                                                                                       .filter_w = at(b, x)->dims[2]};
    int32_t y = mb_alike(b, "flat", pooled, 2, flat);
    mn_op *op = mb_op(b, MN_OP_SQUEEZE, 1, 1, &pooled, y);
    op->attr.list_count = 2;
    memcpy(op->attr.list, plane, sizeof plane);
    return y;
}

static int32_t reshape(model_builder *b, int32_t x) {
    const int32_t wanted[2] = {-1, at(b, x)->dims[at(b, x)->rank - 1]};
    const int32_t dims[2] = {at(b, x)->dims[0], wanted[1]};
    int32_t inputs[2] = {x, mb_random(b, 0, 1) ? mb_list(b, "shape", 2, wanted) : -1};
    int32_t y = mb_alike(b, "row", x, 2, dims);
    mn_op *op = mb_op(b, MN_OP_RESHAPE, 1, inputs[1] < 0 ? 1 : 2, inputs, y);
    op->attr.list_count = 2;
    memcpy(op->attr.list, wanted, sizeof wanted);
    return y;
}

static int32_t fully_connected(model_builder *b, int32_t x) {
    const int32_t dims[2] = {mb_random(b, 3, 12), at(b, x)->dims[1]};
    int32_t bias, w = weights(b, x, 2, dims, 0, true, &bias);
    int32_t y = mb_tensor(b, "logits", b->type, 2, (int32_t[]){at(b, x)->dims[0], dims[0]});
    mn_op *op = mb_op(b, MN_OP_FULLY_CONNECTED, b->type == MN_INT8 ? 4 : 1, 3, (int32_t[]){x, w, bias}, y);
    op->attr.activation = any_activation(b);
    op->attr.keep_dims = mb_random(b, 0, 1);
    if (op->attr.keep_dims) op->version = 5;
    return y;
}

static int32_t softmax(model_builder *b, int32_t x) {
    int32_t y = mb_tensor(b, "probabilities", b->type, 2, at(b, x)->dims);
    if (mb_random(b, 0, 3) == 0) {
        if (is_quantised(b->type)) mb_quantise(b, y, 1, 0, 1.0f / 16, b->type == MN_INT8 ? 127 : 255);
        mb_op(b, MN_OP_LOG_SOFTMAX, version_of(b), 1, &x, y);
        return y;
    }
    if (is_quantised(b->type)) mb_quantise(b, y, 1, 0, 1.0f / 256, b->type == MN_INT8 ? -128 : 0);
    mb_op(b, MN_OP_SOFTMAX, version_of(b), 1, &x, y)->attr.beta = 1.0f;
    return y;
}

void mb_classifier(model_builder *b, mn_type type, uint32_t seed, int32_t length) {
    static int32_t (*const layers[])(model_builder *, int32_t) = {
        conv,   depthwise, pool,  binary,           pad,  transpose, concatenation, unary, bound,
        divide, convert,   prelu, l2_normalization, conv, depthwise,
    };
    const int32_t kinds = (int32_t)(sizeof layers / sizeof layers[0]);
    mb_open(b, type, seed);
    const int32_t dims[4] = {mb_random(b, 1, 2), mb_random(b, 4, 9), mb_random(b, 4, 9), 3};
    int32_t input = mb_tensor(b, "image", type, 4, dims), x = input;
    for (int32_t i = 0; i < length; i++) {
        const int32_t which = mb_random(b, 0, kinds + MB_MOVING_LAYERS - 1);
        x = which < kinds ? layers[which](b, x) : mb_moving_layer(b, which - kinds, x);
    }
    x = softmax(b, fully_connected(b, reshape(b, flatten(b, x))));
    mb_ends(b, input, x);
}

/* ---- What microcontrollers have steps for --------------------------------------------------------------- */

/* The sum, or the difference, with an earlier tensor of the same shape, or with itself. */
static int32_t residual(model_builder *b, int32_t x) {
    int32_t other = x;
    for (int32_t i = mb_random(b, 0, x); i < x; i++) {
        const mn_tensor *t = at(b, i);
        if (!t->data && t->type == MN_INT8 && t->rank == 4 &&
            memcmp(t->dims, at(b, x)->dims, 4 * sizeof *t->dims) == 0) {
            other = i;
        }
    }
    int32_t y = mb_tensor(b, "sum", b->type, 4, at(b, x)->dims);
    const int32_t operands[2] = {x, other};
    mb_op(b, mb_random(b, 0, 3) ? MN_OP_ADD : MN_OP_SUB, 2, 2, operands, y)->attr.activation = any_activation(b);
    return y;
}

/* Everything in one row. */
static int32_t stretch(model_builder *b, int32_t x) {
    const int32_t *dims = at(b, x)->dims, wanted[2] = {1, dims[1] * dims[2] * dims[3]};
    int32_t y = mb_alike(b, "row", x, 2, wanted), list = mb_list(b, "shape", 2, wanted);
    mn_op *op = mb_op(b, MN_OP_RESHAPE, 1, 2, (int32_t[]){x, list}, y);
    op->attr.list_count = 2;
    memcpy(op->attr.list, wanted, sizeof wanted);
    return y;
}

void mb_small_classifier(model_builder *b, uint32_t seed, int32_t length) {
    static int32_t (*const layers[])(model_builder *, int32_t) = {
        conv, depthwise, pool, pad, unary, residual, conv, depthwise, residual,
    };
    const int32_t kinds = (int32_t)(sizeof layers / sizeof layers[0]);
    mb_open(b, MN_INT8, seed);
    const int32_t dims[4] = {1, mb_random(b, 3, 17), mb_random(b, 3, 17), mb_random(b, 1, 3)};
    int32_t input = mb_tensor(b, "image", MN_INT8, 4, dims), x = conv(b, input);
    for (int32_t i = 0; i < length; i++) x = layers[mb_random(b, 0, kinds - 1)](b, x);
    x = mb_random(b, 0, 2) ? reshape(b, flatten(b, x)) : stretch(b, x);
    mb_ends(b, input, softmax(b, fully_connected(b, x)));
}

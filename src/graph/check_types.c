/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "graph/check_types.h"

#include <math.h>

#include "graph/infer.h"
#include "graph/stored.h"

typedef struct checking {
    const mn_graph *graph;
    const mn_op *op;
    int32_t op_index;
} checking;

static const mn_tensor *in(const checking *c, int32_t i) { return mn_graph_input(c->graph, c->op, i); }
static const mn_tensor *out(const checking *c) { return mn_graph_output(c->graph, c->op, 0); }

static bool is_8_bit(mn_type type) { return type == MN_INT8 || type == MN_UINT8; }
static bool is_quantised_type(mn_type type) { return mn_is_stored(type); }

static mn_status wrong_types(const checking *c) {
    const mn_tensor *x = in(c, 0), *second = mn_op_data_inputs(c->op) > 1 ? in(c, 1) : NULL;
    return mn_graph_fail(c->graph, c->op_index, MN_ERROR_UNSUPPORTED,
                         "types %s%s%s -> %s are not supported; see the operator table in docs/formats.md",
                         mn_type_name(x->type), second ? ", " : "", second ? mn_type_name(second->type) : "",
                         mn_type_name(out(c)->type));
}

/* A quantised tensor carries one scale; `channels` > 1 allows one per index of `axis` as well. */
static mn_status need_quant(const checking *c, const mn_tensor *tensor, int32_t axis, int32_t channels) {
    const mn_quant *quant = &tensor->quant;
    if (!is_quantised_type(tensor->type)) return MN_OK;
    for (int32_t i = 0; tensor->type == MN_INT16 && i < quant->count; i++) {
        if (quant->zero_point[i] == 0) continue;
        return mn_graph_fail(c->graph, c->op_index, MN_ERROR_UNSUPPORTED,
                             "tensor %s is int16 with zero point %d, which TFLite does not allow", tensor->name,
                             quant->zero_point[i]);
    }
    if (quant->count == 1) return MN_OK;
    if (quant->count == 0) {
        return mn_graph_fail(c->graph, c->op_index, MN_ERROR_FORMAT,
                             "tensor %s is %s but has no scale and zero point; quantise the model again", tensor->name,
                             mn_type_name(tensor->type));
    }
    if (channels > 1 && quant->count == channels && quant->axis == axis) return MN_OK;
    return mn_graph_fail(c->graph, c->op_index, MN_ERROR_UNSUPPORTED,
                         "tensor %s has %d scales along dimension %d, which this operator cannot use", tensor->name,
                         quant->count, quant->axis);
}

static mn_status need_plain_quant(const checking *c) {
    for (int32_t i = 0; i < mn_op_data_inputs(c->op); i++) MN_TRY(need_quant(c, in(c, i), 0, 1));
    return need_quant(c, out(c), 0, 1);
}

static bool same_quant(const mn_quant *a, const mn_quant *b) {
    return a->zero_point[0] == b->zero_point[0] && fabsf(a->scale[0] - b->scale[0]) <= 1e-6f;
}

/* A conversion between float and stored values may be per channel, along any dimension. */
static mn_status need_any_quant(const checking *c, const mn_tensor *tensor) {
    const mn_quant *quant = &tensor->quant;
    bool fits = quant->count > 1 && quant->axis >= 0 && quant->axis < tensor->rank;
    return need_quant(c, tensor, quant->axis, fits ? tensor->dims[quant->axis] : 1);
}

/* Operators that move or select stored values need the same meaning on both sides. */
static mn_status need_same_quant(const checking *c, const mn_tensor *x) {
    if (!is_quantised_type(x->type) || same_quant(&x->quant, &out(c)->quant)) return MN_OK;
    return mn_graph_fail(
        c->graph, c->op_index, MN_ERROR_UNSUPPORTED,
        "input %s and output %s have different scales or zero points, which TFLite does not allow here", x->name,
        out(c)->name);
}

static mn_status check_same_type(const checking *c) {
    for (int32_t i = 0; i < mn_op_data_inputs(c->op); i++) {
        if (in(c, i)->type != out(c)->type) return wrong_types(c);
    }
    mn_type type = out(c)->type;
    return type == MN_FLOAT32 || is_quantised_type(type) ? MN_OK : wrong_types(c);
}

/* TFLite (GetQuantizedConvolutionMultipler) refuses a bias whose scale is not input scale x weight scale, except in
 * int8 convolutions, where it does not look. */
static mn_status check_bias_scale(const checking *c) {
    const mn_tensor *x = in(c, 0), *w = in(c, 1), *bias = in(c, 2);
    if (!bias || bias->quant.count != 1 || w->quant.count != 1) return MN_OK;
    if (x->type != MN_UINT8 && c->op->kind != MN_OP_FULLY_CONNECTED) return MN_OK;
    double product = (double)x->quant.scale[0] * (double)w->quant.scale[0];
    double difference = fabs(product - (double)bias->quant.scale[0]);
    if (difference / (double)out(c)->quant.scale[0] <= 0.02) return MN_OK;
    return mn_graph_fail(c->graph, c->op_index, MN_ERROR_FORMAT,
                         "the bias scale %g is not input scale x weight scale = %g; quantise the model again",
                         (double)bias->quant.scale[0], product);
}

/* Float activations with 8-bit weights. TFLite reads both types as signed and takes no zero point off; in
 * DEPTHWISE_CONV_2D it knows int8 alone (kernels/conv.cc, depthwise_conv.cc, fully_connected.cc). */
static mn_status check_hybrid(const checking *c, int32_t axis) {
    const mn_tensor *w = in(c, 1);
    if (c->op->kind == MN_OP_DEPTHWISE_CONV_2D && w->type != MN_INT8) return wrong_types(c);
    if (axis >= w->rank) return mn_graph_fail(c->graph, c->op_index, MN_ERROR_FORMAT, "the weights lack dimensions");
    MN_TRY(need_quant(c, w, axis, w->data ? w->dims[axis] : 1));
    for (int32_t i = 0; i < w->quant.count; i++) {
        if (w->quant.zero_point[i] == 0) continue;
        return mn_graph_fail(c->graph, c->op_index, MN_ERROR_UNSUPPORTED,
                             "weights %s have zero point %d, which TFLite does not take off beside float activations",
                             w->name, w->quant.zero_point[i]);
    }
    return MN_OK;
}

/* Convolutions and FULLY_CONNECTED; `axis` is the weights' output channel dimension. */
static mn_status check_weighted(const checking *c, int32_t axis) {
    const mn_tensor *x = in(c, 0), *w = in(c, 1), *bias = in(c, 2), *y = out(c);
    const bool hybrid = x->type == MN_FLOAT32 && y->type == MN_FLOAT32 && is_8_bit(w->type);
    const bool wide = x->type == MN_INT16 && y->type == MN_INT16 && w->type == MN_INT8;
    if ((x->type != w->type || x->type != y->type) && !hybrid && !wide) return wrong_types(c);
    if (x->type != MN_FLOAT32 && !is_8_bit(x->type) && !wide) return wrong_types(c);
    mn_type bias_type = x->type == MN_FLOAT32 ? MN_FLOAT32 : wide ? MN_INT64 : MN_INT32;
    const bool narrow = wide && c->op->kind != MN_OP_DEPTHWISE_CONV_2D && bias && bias->type == MN_INT32;
    if (bias && bias->type != bias_type && !narrow) {
        return mn_graph_fail(c->graph, c->op_index, MN_ERROR_UNSUPPORTED, "the bias is %s; %s is needed",
                             mn_type_name(bias->type), mn_type_name(bias_type));
    }
    if (hybrid) return check_hybrid(c, axis);
    if (x->type == MN_FLOAT32) return MN_OK;
    if (axis >= w->rank) return mn_graph_fail(c->graph, c->op_index, MN_ERROR_FORMAT, "the weights lack dimensions");
    MN_TRY(need_quant(c, x, 0, 1));
    /* One scale per channel needs a number of channels that no resized input can change. */
    MN_TRY(need_quant(c, w, axis, w->type == MN_INT8 && w->data ? w->dims[axis] : 1));
    MN_TRY(need_quant(c, y, 0, 1));
    return check_bias_scale(c);
}

static mn_status check_pool(const checking *c) {
    MN_TRY(check_same_type(c));
    MN_TRY(need_plain_quant(c));
    return need_same_quant(c, in(c, 0));
}

static mn_status check_arithmetic(const checking *c) {
    MN_TRY(check_same_type(c));
    return need_plain_quant(c);
}

/* int16 ADD and SUB of LSTM cells shift where all scales are powers of two, unless the file says not to. */
static mn_status check_sum(const checking *c) {
    MN_TRY(check_arithmetic(c));
    bool powers = out(c)->type == MN_INT16 && c->op->attr.power_of_two_scales;
    for (int32_t i = 0; i < 3 && powers; i++) {
        powers = frexpf((i < 2 ? in(c, i) : out(c))->quant.scale[0], &(int){0}) == 0.5f;
    }
    if (!powers) return MN_OK;
    return mn_graph_fail(c->graph, c->op_index, MN_ERROR_UNSUPPORTED,
                         "int16 whose scales are all powers of two is not supported; convert the model again");
}

/* What TFLite fixes of an output: its scale and zero point. */
static mn_status need_output(const checking *c, float scale, int32_t zero) {
    const mn_quant *quant = &out(c)->quant;
    if (quant->zero_point[0] == zero && fabsf(quant->scale[0] - scale) <= 0.001f * scale) return MN_OK;
    return mn_graph_fail(c->graph, c->op_index, MN_ERROR_UNSUPPORTED,
                         "the %s output has scale %g and zero point %d; TFLite fixes them at 1/%g and %d",
                         mn_type_name(out(c)->type), (double)quant->scale[0], quant->zero_point[0], 1 / (double)scale,
                         zero);
}

/* The most classes whose int16 probabilities add up within 32 bits. */
enum { WIDE_CLASSES = 1 << 16 };

/* A probability or the logarithm of one. */
static mn_status check_softmax(const checking *c, float scale, int32_t int8_zero) {
    MN_TRY(check_arithmetic(c));
    const mn_tensor *y = out(c);
    if (!is_quantised_type(y->type)) return MN_OK;
    if (y->type != MN_INT16) return need_output(c, scale, int8_zero + (y->type == MN_INT8 ? 0 : 128));
    if (y->dims[y->rank - 1] <= WIDE_CLASSES) return need_output(c, 1.0f / 32768, 0);
    return mn_graph_fail(c->graph, c->op_index, MN_ERROR_LIMIT, "int16 has room for %d classes, not for %d",
                         WIDE_CLASSES, y->dims[y->rank - 1]);
}

static mn_status check_curve(const checking *c) {
    MN_TRY(check_arithmetic(c));
    return out(c)->type == MN_INT16 ? need_output(c, 1.0f / 32768, 0) : MN_OK;
}

static mn_status refuse_activation(const checking *c) {
    if (c->op->attr.activation == MN_ACT_NONE) return MN_OK;
    return mn_graph_fail(c->graph, c->op_index, MN_ERROR_UNSUPPORTED,
                         "a fused activation is not defined for this operator");
}

/* Operators of each element; in 8 bits, where TFLite has them. */
static mn_status check_unary(const checking *c, bool int8, bool uint8) {
    mn_type type = out(c)->type;
    MN_TRY(check_arithmetic(c));
    if (type == MN_INT16) return wrong_types(c);
    return (type == MN_INT8 && !int8) || (type == MN_UINT8 && !uint8) ? wrong_types(c) : MN_OK;
}

/* TFLite compares stored values, and asks for one scale in its specification alone. */
static mn_status check_extreme(const checking *c) {
    MN_TRY(check_unary(c, true, true));
    MN_TRY(need_same_quant(c, in(c, 0)));
    return need_same_quant(c, in(c, mn_op_data_inputs(c->op) - 1));
}

/* TFLite (L2NormPrepare) fixes the output at 1/128, so that 127 is just below 1. */
static mn_status check_l2_normalization(const checking *c) {
    MN_TRY(check_unary(c, true, true));
    MN_TRY(refuse_activation(c));
    const mn_type type = out(c)->type;
    return is_quantised_type(type) ? need_output(c, 1.0f / 128, type == MN_INT8 ? 0 : 128) : MN_OK;
}

/* TFLite (HardSwishPrepare) computes in 16 bits, 7 of them below the input's step, and shifts only to the right. */
static mn_status check_hard_swish(const checking *c) {
    MN_TRY(check_unary(c, true, true));
    if (!is_quantised_type(out(c)->type)) return MN_OK;
    float from = in(c, 0)->quant.scale[0], to = out(c)->quant.scale[0];
    if (from * (1.0f / 128) / to < 1 - 0x1p-32) return MN_OK;
    return mn_graph_fail(c->graph, c->op_index, MN_ERROR_UNSUPPORTED,
                         "the input's scale %g is 128 times the output's, %g, or more; quantise the model again",
                         (double)from, (double)to);
}

static mn_status check_quantize(const checking *c) {
    mn_type from = in(c, 0)->type, to = out(c)->type;
    if (!is_quantised_type(to) || (from != MN_FLOAT32 && !is_quantised_type(from))) return wrong_types(c);
    if (from == MN_INT16 && to == MN_UINT8) return wrong_types(c); /* nor has TFLite this one */
    return from == MN_FLOAT32 ? need_any_quant(c, out(c)) : need_plain_quant(c);
}

static mn_status check_dequantize(const checking *c) {
    mn_type from = in(c, 0)->type;
    if (out(c)->type != MN_FLOAT32 || (from != MN_FLOAT16 && !is_quantised_type(from))) return wrong_types(c);
    return need_any_quant(c, in(c, 0));
}

/* From integers to floats. CAST knows no scales, so none may be there. */
static mn_status check_cast(const checking *c) {
    const mn_tensor *x = in(c, 0);
    if (!is_8_bit(x->type) || out(c)->type != MN_FLOAT32) return wrong_types(c);
    MN_TRY(need_quant(c, x, 0, 1));
    if (x->quant.scale[0] == 1 && x->quant.zero_point[0] == 0) return MN_OK;
    return mn_graph_fail(c->graph, c->op_index, MN_ERROR_UNSUPPORTED,
                         "reads tensor %s as integers, though it has scale %g and zero point %d; DEQUANTIZE is needed",
                         x->name, (double)x->quant.scale[0], x->quant.zero_point[0]);
}

/* What is moved keeps its stored values, whatever scales the file gives both sides: TFLite does not look at them. */
static mn_status check_moved_from(const checking *c, int32_t first, int32_t end) {
    for (int32_t i = first; i < end; i++) {
        const mn_type type = in(c, i)->type;
        if (type != MN_FLOAT32 && !is_quantised_type(type)) return wrong_types(c);
        for (int32_t k = 0; k < c->op->output_count; k++) {
            if (mn_graph_output(c->graph, c->op, k)->type != type) return wrong_types(c);
        }
    }
    return MN_OK;
}

static mn_status check_moved(const checking *c) {
    const int32_t first = mn_op_first_input(c->op->kind);
    return check_moved_from(c, first, first + 1);
}

static mn_status check_pad(const checking *c) {
    MN_TRY(check_moved(c));
    MN_TRY(need_plain_quant(c));
    return need_same_quant(c, in(c, 0));
}

static mn_status check_concatenation(const checking *c) {
    MN_TRY(refuse_activation(c));
    MN_TRY(check_same_type(c));
    MN_TRY(need_plain_quant(c));
    for (int32_t i = 0; out(c)->type != MN_UINT8 && i < c->op->input_count; i++) MN_TRY(need_same_quant(c, in(c, i)));
    return MN_OK;
}

/* Integers must have been known from shapes. */
static mn_status check_integers(const checking *c) {
    for (int32_t i = 0; i < c->op->output_count; i++) {
        if (!mn_graph_output(c->graph, c->op, i)->data) {
            return mn_graph_fail(c->graph, c->op_index, MN_ERROR_UNSUPPORTED,
                                 "works on integers that do not follow from shapes and constants alone, which is not "
                                 "supported; see the operator table in docs/formats.md");
        }
    }
    return MN_OK;
}

static mn_status check_kind(const checking *c) {
    switch (c->op->kind) {
    case MN_OP_CONV_2D:
    case MN_OP_FULLY_CONNECTED: return check_weighted(c, 0);
    case MN_OP_DEPTHWISE_CONV_2D: return check_weighted(c, 3);
    case MN_OP_AVERAGE_POOL_2D:
    case MN_OP_MAX_POOL_2D: return check_pool(c);
    case MN_OP_ADD:
    case MN_OP_SUB: return check_sum(c);
    case MN_OP_MUL:
    case MN_OP_MEAN:
    case MN_OP_RELU:
    case MN_OP_RELU6:
    case MN_OP_LEAKY_RELU: return check_arithmetic(c);
    case MN_OP_LOGISTIC:
    case MN_OP_TANH: return check_curve(c);
    case MN_OP_RELU_N1_TO_1:
    case MN_OP_RELU_0_TO_1:
    case MN_OP_PRELU:
    case MN_OP_SUM: return check_unary(c, true, true);
    case MN_OP_L2_NORMALIZATION: return check_l2_normalization(c);
    case MN_OP_ELU:
    case MN_OP_RSQRT: return check_unary(c, true, false);
    case MN_OP_DIV:
    case MN_OP_SQUARE: return check_unary(c, false, false);
    case MN_OP_HARD_SWISH: return check_hard_swish(c);
    case MN_OP_SOFTMAX: return check_softmax(c, 1.0f / 256, -128);
    case MN_OP_LOG_SOFTMAX: MN_TRY(check_unary(c, true, true)); return check_softmax(c, 1.0f / 16, 127);
    case MN_OP_MAXIMUM:
    case MN_OP_MINIMUM:
    case MN_OP_REDUCE_MAX: return check_extreme(c);
    case MN_OP_QUANTIZE: return check_quantize(c);
    case MN_OP_DEQUANTIZE: return check_dequantize(c);
    case MN_OP_RESHAPE:
    case MN_OP_SQUEEZE:
    case MN_OP_EXPAND_DIMS:
    case MN_OP_RESIZE_BILINEAR:
    case MN_OP_RESIZE_NEAREST_NEIGHBOR:
    case MN_OP_STRIDED_SLICE:
    case MN_OP_SLICE:
    case MN_OP_SPLIT:
    case MN_OP_SPLIT_V:
    case MN_OP_UNPACK:
    case MN_OP_TILE:
    case MN_OP_BATCH_TO_SPACE_ND:
    case MN_OP_TRANSPOSE: return check_moved(c);
    case MN_OP_PACK: return check_moved_from(c, 0, c->op->input_count);
    case MN_OP_PAD:
    case MN_OP_SPACE_TO_BATCH_ND: return check_pad(c);
    case MN_OP_CAST: return check_cast(c);
    case MN_OP_SHAPE:
    case MN_OP_GATHER:
    case MN_OP_REDUCE_PROD: return wrong_types(c);
    case MN_OP_CONCATENATION: return check_concatenation(c);
    case MN_OP_CUSTOM: return MN_OK; /* its back end knows */
    case MN_OP_KIND_COUNT: break;
    }
    return MN_ERROR_ARGUMENT;
}

mn_status mn_check_types(const mn_graph *graph, int32_t op_index) {
    const checking c = {.graph = graph, .op = &graph->ops[op_index], .op_index = op_index};
    return mn_known_wanted(graph, c.op) ? check_integers(&c) : check_kind(&c);
}

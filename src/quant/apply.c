/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/apply.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "quant/weight.h"

typedef struct applying {
    const mn_scheme *scheme;
    mn_graph *graph; /* being made */
    bool *taken;     /* [tensor_count of the float graph]: constants that a layer has stored already */
} applying;

static void *copy(mn_region *region, const void *data, size_t count, size_t bytes) {
    void *made = mn_region_alloc(region, count, bytes);
    if (made && count > 0) memcpy(made, data, count * bytes);
    return made;
}

/* ---- Tensors -------------------------------------------------------------------------------------------- */

static mn_status set_quant(mn_graph *graph, mn_tensor *tensor, int32_t count, int32_t axis, const float *scale,
                           int32_t zero) {
    int32_t *zeros = mn_region_alloc(&graph->region, (size_t)count, sizeof *zeros);
    float *scales = copy(&graph->region, scale, (size_t)count, sizeof *scales);
    if (!zeros || !scales) return mn_fail_memory("the quantised graph");
    for (int32_t i = 0; i < count; i++) zeros[i] = zero;
    tensor->quant = (mn_quant){.count = count, .axis = axis, .scale = scales, .zero_point = zeros};
    return MN_OK;
}

static mn_status store_constant(mn_graph *graph, mn_tensor *tensor, mn_step8 step) {
    const float *values = tensor->data;
    int8_t *stored = mn_region_alloc(&graph->region, tensor->bytes, 1);
    if (!stored) return mn_fail_memory("the quantised graph");
    for (size_t i = 0; i < tensor->bytes; i++) {
        float units = roundf(values[i] / step.scale) + (float)step.zero;
        stored[i] = (int8_t)fminf(fmaxf(units, INT8_MIN), INT8_MAX);
    }
    tensor->data = stored;
    return MN_OK;
}

/* Activations become int8; constants that nothing stores differently (shapes) are copied. */
static mn_status convert_tensor(applying *a, int32_t index) {
    mn_tensor *tensor = &a->graph->tensors[index];
    *tensor = a->scheme->graph->tensors[index];
    tensor->name = mn_region_string(&a->graph->region, tensor->name, strlen(tensor->name));
    if (!tensor->name) return mn_fail_memory("the quantised graph");
    if (a->scheme->is_activation[index]) {
        mn_step8 step = mn_scheme_step(a->scheme, index);
        tensor->type = MN_INT8;
        tensor->bytes /= sizeof(float);
        MN_TRY(set_quant(a->graph, tensor, 1, 0, &step.scale, step.zero));
        if (tensor->data) MN_TRY(store_constant(a->graph, tensor, step));
    } else if (tensor->data && tensor->type != MN_FLOAT32) {
        tensor->data = copy(&a->graph->region, tensor->data, tensor->bytes, 1);
        if (!tensor->data) return mn_fail_memory("the quantised graph");
    }
    return MN_OK;
}

/* Where a layer stores a constant: the float tensor's own place, or a new one behind all others when there was none or
 * another operator uses it as well. */
static mn_tensor *place_constant(applying *a, int32_t *index, const char *name) {
    mn_graph *graph = a->graph;
    if (*index >= 0 && !a->taken[*index]) {
        a->taken[*index] = true;
    } else {
        *index = graph->tensor_count++;
        graph->tensors[*index] = (mn_tensor){.name = mn_region_string(&graph->region, name, strlen(name))};
    }
    return &graph->tensors[*index];
}

/* ---- Layers --------------------------------------------------------------------------------------------- */

/* Scales wide enough for the biases, in the layer's own number: the scheme's as a rule. */
static mn_status fit_scales(applying *a, mn_quant_layer *layer, float input_scale) {
    float *scale = copy(&a->graph->region, layer->scale, (size_t)layer->scale_count, sizeof *scale);
    if (!scale) return mn_fail_memory("the quantised weights");
    bool widened = false;
    for (int32_t c = 0; c < layer->channels; c++) {
        float *mine = &scale[layer->scale_count > 1 ? c : 0];
        float fitting = mn_weight_scale_for(*mine, layer->bias[c], input_scale);
        widened = widened || fitting > *mine;
        *mine = fitting;
    }
    layer->scale = scale;
    if (!widened) return MN_OK;
    layer->stored = mn_region_alloc(&a->graph->region, (size_t)layer->elements, sizeof *layer->stored);
    if (!layer->stored) return mn_fail_memory("the quantised weights");
    mn_layer_round(layer);
    return MN_OK;
}

static mn_status store_weights(applying *a, mn_op *op, const mn_quant_layer *layer) {
    const mn_tensor old = a->graph->tensors[op->inputs[1]];
    mn_tensor *weights = place_constant(a, &op->inputs[1], old.name);
    const char *name = weights->name;
    *weights = old;
    weights->name = name;
    weights->type = MN_INT8;
    weights->bytes = (size_t)layer->elements;
    weights->data = copy(&a->graph->region, layer->stored, (size_t)layer->elements, sizeof *layer->stored);
    if (!weights->data || !name) return mn_fail_memory("the quantised weights");
    return set_quant(a->graph, weights, layer->scale_count, layer->scale_count > 1 ? layer->axis : 0, layer->scale, 0);
}

static bool needs_bias(const mn_op *op, const mn_quant_layer *layer) {
    if (op->input_count > 2 && op->inputs[2] >= 0) return true;
    for (int32_t c = 0; c < layer->channels; c++) {
        if (layer->bias[c] != 0) return true;
    }
    return false;
}

static mn_status add_operand(mn_graph *graph, mn_op *op) {
    if (op->input_count > 2) return MN_OK;
    int32_t *inputs = mn_region_alloc(&graph->region, 3, sizeof *inputs);
    if (!inputs) return mn_fail_memory("the quantised graph");
    memcpy(inputs, op->inputs, (size_t)op->input_count * sizeof *inputs);
    inputs[2] = -1;
    op->inputs = inputs;
    op->input_count = 3;
    return MN_OK;
}

static mn_status store_bias(applying *a, mn_op *op, const mn_quant_layer *layer, float input_scale) {
    if (!needs_bias(op, layer)) return MN_OK;
    mn_graph *graph = a->graph;
    MN_TRY(add_operand(graph, op));
    const char *name = op->inputs[2] >= 0 ? graph->tensors[op->inputs[2]].name : graph->tensors[op->outputs[0]].name;
    mn_tensor *bias = place_constant(a, &op->inputs[2], name);
    int32_t *stored = mn_region_alloc(&graph->region, (size_t)layer->channels, sizeof *stored);
    float *scale = mn_region_alloc(&graph->region, (size_t)layer->scale_count, sizeof *scale);
    if (!stored || !scale || !bias->name) return mn_fail_memory("the quantised biases");
    for (int32_t c = 0; c < layer->scale_count; c++) scale[c] = input_scale * layer->scale[c];
    for (int32_t c = 0; c < layer->channels; c++) {
        stored[c] = (int32_t)mn_bias_units(layer->bias[c], input_scale, mn_layer_scale(layer, c));
    }
    bias->type = MN_INT32;
    bias->rank = 1;
    bias->dims[0] = layer->channels;
    bias->bytes = (size_t)layer->channels * sizeof *stored;
    bias->data = stored;
    return set_quant(graph, bias, layer->scale_count, 0, scale, 0);
}

/* ---- Operators ------------------------------------------------------------------------------------------ */

/* The first version of each operator that knows int8 (tensorflow/lite/tools/versioning/op_version.cc). */
static int32_t int8_version(mn_op_kind kind) {
    switch (kind) {
    case MN_OP_CONV_2D:
    case MN_OP_DEPTHWISE_CONV_2D: return 3;
    case MN_OP_FULLY_CONNECTED: return 4;
    case MN_OP_RESHAPE:
    case MN_OP_SQUEEZE:
    case MN_OP_EXPAND_DIMS:
    case MN_OP_HARD_SWISH:
    case MN_OP_ELU:
    case MN_OP_PRELU:
    case MN_OP_RELU_N1_TO_1:
    case MN_OP_RELU_0_TO_1: return 1;
    case MN_OP_TILE: return 3;
    default: return 2;
    }
}

/* Operand `k` of `op` in another step than the result's: a QUANTIZE before it. */
static mn_status rescale_operand(applying *a, mn_op *op, int32_t k) {
    mn_graph *graph = a->graph;
    const int32_t from = op->inputs[k], to = graph->tensor_count++;
    const mn_step8 step = mn_scheme_step(a->scheme, op->outputs[0]);
    int32_t *ends = mn_region_alloc(&graph->region, 2, sizeof *ends);
    if (!ends) return mn_fail_memory("the quantised graph");
    graph->tensors[to] = graph->tensors[from];
    MN_TRY(set_quant(graph, &graph->tensors[to], 1, 0, &step.scale, step.zero));
    ends[0] = from;
    ends[1] = op->inputs[k] = to;
    graph->ops[graph->op_count++] = (mn_op){.kind = MN_OP_QUANTIZE,
                                            .version = 2,
                                            .input_count = 1,
                                            .inputs = &ends[0],
                                            .output_count = 1,
                                            .outputs = &ends[1]};
    return MN_OK;
}

static mn_status rescale_operands(applying *a, mn_op *op) {
    const mn_step8 result = mn_scheme_step(a->scheme, op->outputs[0]);
    for (int32_t k = 0; mn_quant_shares_scale(op->kind) && k < op->input_count; k++) {
        const mn_step8 mine = mn_scheme_step(a->scheme, op->inputs[k]);
        if (mine.scale != result.scale || mine.zero != result.zero) MN_TRY(rescale_operand(a, op, k));
    }
    return MN_OK;
}

static mn_status convert_op(applying *a, int32_t index, mn_op *op) {
    const mn_op *from = &a->scheme->graph->ops[index];
    *op = *from;
    op->version = mn_max_i32(from->version, int8_version(op->kind));
    op->inputs = copy(&a->graph->region, from->inputs, (size_t)from->input_count, sizeof *op->inputs);
    op->outputs = copy(&a->graph->region, from->outputs, (size_t)from->output_count, sizeof *op->outputs);
    if (!op->inputs || !op->outputs) return mn_fail_memory("the quantised graph");
    if (a->scheme->layer_of[index] < 0) return MN_OK;
    mn_quant_layer layer = a->scheme->layers[a->scheme->layer_of[index]];
    float input_scale = mn_scheme_step(a->scheme, op->inputs[0]).scale;
    MN_TRY(fit_scales(a, &layer, input_scale));
    MN_TRY(store_weights(a, op, &layer));
    return store_bias(a, op, &layer, input_scale);
}

static mn_status append_op(applying *a, int32_t index) {
    mn_op op;
    MN_TRY(convert_op(a, index, &op));
    MN_TRY(rescale_operands(a, &op));
    a->graph->ops[a->graph->op_count++] = op;
    return MN_OK;
}

/* How many operands may have to be rescaled. */
static size_t shared_operands(const mn_graph *graph) {
    size_t count = 0;
    for (int32_t i = 0; i < graph->op_count; i++) {
        if (mn_quant_shares_scale(graph->ops[i].kind)) count += (size_t)graph->ops[i].input_count;
    }
    return count;
}

static mn_status convert(applying *a) {
    const mn_graph *from = a->scheme->graph;
    mn_graph *graph = a->graph;
    const size_t rescaled = shared_operands(from);
    size_t room = (size_t)from->tensor_count + 2 * (size_t)a->scheme->layer_count + rescaled;
    graph->name = mn_region_string(&graph->region, from->name, strlen(from->name));
    graph->description = "int8";
    graph->tensors = mn_region_alloc(&graph->region, room, sizeof *graph->tensors);
    graph->ops = mn_region_alloc(&graph->region, (size_t)from->op_count + rescaled, sizeof *graph->ops);
    graph->inputs = copy(&graph->region, from->inputs, (size_t)from->input_count, sizeof *graph->inputs);
    graph->outputs = copy(&graph->region, from->outputs, (size_t)from->output_count, sizeof *graph->outputs);
    a->taken = mn_region_alloc(&graph->region, room, sizeof *a->taken);
    if (!graph->name || !graph->tensors || !graph->ops || !graph->inputs || !graph->outputs || !a->taken) {
        return mn_fail_memory("the quantised graph");
    }
    graph->tensor_count = from->tensor_count;
    graph->input_count = from->input_count;
    graph->output_count = from->output_count;
    MN_TRY(mn_meaning_copy(&from->meaning, &graph->region, &graph->meaning));
    for (int32_t i = 0; i < from->tensor_count; i++) MN_TRY(convert_tensor(a, i));
    for (int32_t i = 0; i < from->op_count; i++) MN_TRY(append_op(a, i));
    return mn_graph_check(graph);
}

mn_status mn_scheme_apply(const mn_scheme *scheme, mn_graph *out) {
    mn_graph graph = {0};
    mn_status status = convert(&(applying){.scheme = scheme, .graph = &graph});
    if (status != MN_OK) {
        mn_graph_free(&graph);
        return status;
    }
    *out = graph;
    return MN_OK;
}

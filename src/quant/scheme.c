/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How a float graph is to be stored: TensorFlow Lite's 8-bit quantization specification. */
#include <math.h>
#include <string.h>

#include "base/extremes.h"
#include "quant/quant.h"
#include "quant/weight.h"

enum { STEPS = 255 };

/* ---- Scales --------------------------------------------------------------------------------------------- */

mn_step8 mn_step8_of(mn_interval range) {
    double low = fmin((double)range.low, 0), high = fmax((double)range.high, 0);
    float scale = (float)((high - low) / STEPS);
    if (!(scale >= 1e-30f)) return (mn_step8){.scale = 1, .zero = INT8_MIN}; /* nothing but zeros */
    double zero = round(INT8_MIN - low / (double)scale);
    return (mn_step8){.scale = scale, .zero = (int32_t)fmin(fmax(zero, INT8_MIN), INT8_MAX)};
}

mn_step8 mn_scheme_step(const mn_scheme *scheme, int32_t tensor) {
    const mn_step8 fixed = scheme->fixed[scheme->leader[tensor]];
    return fixed.scale > 0 ? fixed : mn_step8_of(scheme->range[scheme->leader[tensor]]);
}

static mn_interval unite(mn_interval a, mn_interval b) {
    if (!mn_interval_known(a)) return b;
    if (!mn_interval_known(b)) return a;
    return (mn_interval){.low = fminf(a.low, b.low), .high = fmaxf(a.high, b.high)};
}

mn_status mn_scheme_share_ranges(mn_scheme *scheme) {
    const mn_graph *graph = scheme->graph;
    const int32_t input = graph->inputs[0];
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        int32_t leader = scheme->leader[i];
        mn_interval range = scheme->range[i];
        if (!scheme->is_activation[i]) continue;
        if (!mn_interval_known(range) || !isfinite(range.low) || !isfinite(range.high)) {
            return mn_fail(MN_ERROR_ARGUMENT, "%s: tensor %s has values that are not finite, or is never computed",
                           graph->name, graph->tensors[i].name);
        }
        if (scheme->leader[input] != leader) scheme->range[leader] = unite(scheme->range[leader], range);
    }
    return MN_OK;
}

bool mn_scheme_is_open(const mn_scheme *scheme, int32_t tensor) {
    const mn_graph *graph = scheme->graph;
    return scheme->is_activation[tensor] && !graph->tensors[tensor].data && tensor != graph->inputs[0];
}

/* ---- Who shares ----------------------------------------------------------------------------------------- */

/* A model input leads: its scale is given. Otherwise the lower index does. */
void mn_scheme_join(mn_scheme *scheme, int32_t a, int32_t b) {
    int32_t leader = scheme->leader[a], other = scheme->leader[b], input = scheme->graph->inputs[0];
    if (leader == other) return;
    if (other == scheme->leader[input] || (leader != scheme->leader[input] && other < leader)) {
        int32_t swap = leader;
        leader = other;
        other = swap;
    }
    if (scheme->fixed[other].scale > 0) scheme->fixed[leader] = scheme->fixed[other];
    for (int32_t i = 0; i < scheme->graph->tensor_count; i++) {
        if (scheme->leader[i] == other) scheme->leader[i] = leader;
    }
}

/* Operators whose stored values pass through: TFLite wants one scale on both sides. */
static bool passes_through(mn_op_kind kind) {
    switch (kind) {
    case MN_OP_AVERAGE_POOL_2D:
    case MN_OP_MAX_POOL_2D:
    case MN_OP_RESHAPE:
    case MN_OP_SQUEEZE:
    case MN_OP_TRANSPOSE:
    case MN_OP_EXPAND_DIMS:
    case MN_OP_RESIZE_BILINEAR:
    case MN_OP_RESIZE_NEAREST_NEIGHBOR:
    case MN_OP_STRIDED_SLICE:
    case MN_OP_SLICE:
    case MN_OP_SPLIT:
    case MN_OP_SPLIT_V:
    case MN_OP_UNPACK:
    case MN_OP_TILE:
    case MN_OP_SPACE_TO_BATCH_ND:
    case MN_OP_BATCH_TO_SPACE_ND:
    case MN_OP_REDUCE_MAX:
    case MN_OP_PAD: return true;
    default: return false;
    }
}

static bool is_bound(mn_op_kind kind) { return kind == MN_OP_MAXIMUM || kind == MN_OP_MINIMUM; }

bool mn_quant_shares_scale(mn_op_kind kind) {
    return kind == MN_OP_CONCATENATION || kind == MN_OP_PACK || is_bound(kind);
}

/* The specification's fixed output quantisations. */
static mn_step8 fixed_step(mn_op_kind kind) {
    switch (kind) {
    case MN_OP_SOFTMAX:
    case MN_OP_LOGISTIC: return (mn_step8){.scale = 1.0f / 256, .zero = INT8_MIN};
    case MN_OP_TANH:
    case MN_OP_L2_NORMALIZATION: return (mn_step8){.scale = 1.0f / 128, .zero = 0};
    case MN_OP_LOG_SOFTMAX: return (mn_step8){.scale = 1.0f / 16, .zero = INT8_MAX};
    default: return (mn_step8){0};
    }
}

static mn_step8 fixed_of(const mn_scheme *scheme, int32_t tensor) { return scheme->fixed[scheme->leader[tensor]]; }

/* Do all operands have the same fixed step? A constant bound takes any. */
static bool all_fixed(const mn_scheme *scheme, const mn_op *op) {
    mn_step8 common = {0};
    for (int32_t k = 0; k < op->input_count; k++) {
        const mn_step8 next = fixed_of(scheme, op->inputs[k]);
        if (is_bound(op->kind) && scheme->graph->tensors[op->inputs[k]].data) continue;
        if (next.scale == 0 || (common.scale > 0 && (next.scale != common.scale || next.zero != common.zero))) {
            return false;
        }
        common = next;
    }
    return common.scale > 0;
}

/* Operands with a fixed step among others keep it, and are rescaled as they are read (apply.c). */
static void join_operands(mn_scheme *scheme, const mn_op *op) {
    const bool all = all_fixed(scheme, op);
    for (int32_t k = 0; k < op->input_count; k++) {
        if (all || fixed_of(scheme, op->inputs[k]).scale == 0) mn_scheme_join(scheme, op->outputs[0], op->inputs[k]);
    }
}

static void find_leaders(mn_scheme *scheme) {
    const mn_graph *graph = scheme->graph;
    for (int32_t i = 0; i < graph->tensor_count; i++) scheme->leader[i] = i;
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        scheme->fixed[op->outputs[0]] = fixed_step(op->kind);
    }
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        const int32_t first = mn_op_first_input(op->kind);
        for (int32_t o = 0; passes_through(op->kind) && o < op->output_count; o++) {
            mn_scheme_join(scheme, op->outputs[o], op->inputs[first]);
        }
        if (mn_quant_shares_scale(op->kind)) join_operands(scheme, op);
    }
}

static mn_interval extremes(const float *values, size_t count) {
    mn_interval range = MN_INTERVAL_UNKNOWN;
    for (size_t i = 0; i < count; i++) range = unite(range, (mn_interval){values[i], values[i]});
    return range;
}

static bool has_weights(mn_op_kind kind) {
    return kind == MN_OP_CONV_2D || kind == MN_OP_DEPTHWISE_CONV_2D || kind == MN_OP_FULLY_CONNECTED;
}

static void find_activations(mn_scheme *scheme, mn_interval input) {
    const mn_graph *graph = scheme->graph;
    for (int32_t i = 0; i < graph->tensor_count; i++) scheme->range[i] = MN_INTERVAL_UNKNOWN;
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        for (int32_t o = 0; o < op->output_count; o++) scheme->is_activation[op->outputs[o]] = true;
        for (int32_t k = 0; k < op->input_count; k++) {
            const mn_tensor *constant = mn_graph_input(graph, op, k);
            if (!constant || !constant->data || constant->type != MN_FLOAT32) continue;
            if (k > 0 && has_weights(op->kind)) continue;
            scheme->is_activation[op->inputs[k]] = true;
            scheme->range[op->inputs[k]] = extremes(constant->data, constant->bytes / sizeof(float));
            /* A bound needs no more than what it bounds: beyond that it saturates, and bounds nothing. */
            if (is_bound(op->kind)) scheme->range[op->inputs[k]] = (mn_interval){0, 0};
        }
    }
    scheme->is_activation[graph->inputs[0]] = true;
    scheme->range[graph->inputs[0]] = input;
}

/* ---- Layers --------------------------------------------------------------------------------------------- */

void mn_layer_round(mn_quant_layer *layer) {
    for (int32_t i = 0; i < layer->elements; i++) {
        float scale = mn_layer_scale(layer, mn_layer_channel(layer, i));
        layer->stored[i] = (int8_t)mn_weight_units(layer->weights[i], scale);
    }
}

static void take_scales(mn_quant_layer *layer) {
    for (int32_t c = 0; c < layer->scale_count; c++) layer->scale[c] = 0;
    for (int32_t i = 0; i < layer->elements; i++) {
        float *largest = &layer->scale[layer->scale_count > 1 ? mn_layer_channel(layer, i) : 0];
        *largest = mn_max_f32(*largest, fabsf(layer->weights[i]));
    }
    for (int32_t c = 0; c < layer->scale_count; c++) layer->scale[c] = mn_weight_scale(layer->scale[c]);
}

static bool has_one_scale(mn_scales scales, mn_op_kind kind) {
    return scales == MN_SCALES_PER_TENSOR || (scales == MN_SCALES_DENSE_PER_TENSOR && kind == MN_OP_FULLY_CONNECTED);
}

static mn_status make_layer(mn_scheme *scheme, int32_t op_index, mn_scales scales, mn_quant_layer *layer) {
    const mn_graph *graph = scheme->graph;
    const mn_op *op = &graph->ops[op_index];
    const mn_tensor *weights = mn_graph_input(graph, op, 1), *bias = mn_graph_input(graph, op, 2);
    *layer = (mn_quant_layer){.op = op_index, .axis = op->kind == MN_OP_DEPTHWISE_CONV_2D ? 3 : 0};
    layer->channels = weights->dims[layer->axis];
    layer->elements = (int32_t)(weights->bytes / sizeof(float));
    layer->inner = 1;
    for (int32_t d = layer->axis + 1; d < weights->rank; d++) layer->inner *= weights->dims[d];
    layer->scale_count = has_one_scale(scales, op->kind) ? 1 : layer->channels;
    layer->weights = weights->data;
    layer->scale = mn_region_alloc(&scheme->region, (size_t)layer->scale_count, sizeof *layer->scale);
    layer->stored = mn_region_alloc(&scheme->region, (size_t)layer->elements, sizeof *layer->stored);
    layer->bias = mn_region_alloc(&scheme->region, (size_t)layer->channels, sizeof *layer->bias);
    if (!layer->scale || !layer->stored || !layer->bias) return mn_fail_memory("the quantised weights");
    if (bias) memcpy(layer->bias, bias->data, bias->bytes);
    take_scales(layer);
    mn_layer_round(layer);
    return MN_OK;
}

static mn_status make_layers(mn_scheme *scheme, mn_scales scales) {
    const mn_graph *graph = scheme->graph;
    for (int32_t i = 0; i < graph->op_count; i++) {
        scheme->layer_of[i] = -1;
        if (!has_weights(graph->ops[i].kind)) continue;
        scheme->layer_of[i] = scheme->layer_count;
        MN_TRY(make_layer(scheme, i, scales, &scheme->layers[scheme->layer_count++]));
    }
    return MN_OK;
}

static mn_status fill(mn_scheme *scheme, mn_interval input, mn_scales scales) {
    size_t ops = (size_t)scheme->graph->op_count, tensors = (size_t)scheme->graph->tensor_count;
    scheme->layers = mn_region_alloc(&scheme->region, ops, sizeof *scheme->layers);
    scheme->layer_of = mn_region_alloc(&scheme->region, ops, sizeof *scheme->layer_of);
    scheme->is_activation = mn_region_alloc(&scheme->region, tensors, sizeof *scheme->is_activation);
    scheme->leader = mn_region_alloc(&scheme->region, tensors, sizeof *scheme->leader);
    scheme->fixed = mn_region_alloc(&scheme->region, tensors, sizeof *scheme->fixed);
    scheme->range = mn_region_alloc(&scheme->region, tensors, sizeof *scheme->range);
    if (!scheme->layers || !scheme->layer_of || !scheme->is_activation || !scheme->leader || !scheme->fixed ||
        !scheme->range) {
        return mn_fail_memory("the quantisation scheme");
    }
    find_activations(scheme, input);
    find_leaders(scheme);
    return make_layers(scheme, scales);
}

mn_status mn_scheme_create(const mn_graph *graph, mn_interval input, mn_scales scales, mn_scheme *out) {
    mn_scheme scheme = {.graph = graph};
    mn_status status = fill(&scheme, input, scales);
    if (status != MN_OK) {
        mn_scheme_free(&scheme);
        return status;
    }
    *out = scheme;
    return MN_OK;
}

void mn_scheme_free(mn_scheme *scheme) {
    mn_region_free(&scheme->region);
    *scheme = (mn_scheme){0};
}

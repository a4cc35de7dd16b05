/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/prepare.h"

#include <math.h>

#include "graph/shape.h"
#include "graph/stored.h"
#include "plan/constants.h"

/* ---- Dropping what is not needed ------------------------------------------------------------------------ */

/* Operators whose result became constant. */
static void drop_folded(mn_graph *graph) {
    int32_t kept = 0;
    for (int32_t i = 0; i < graph->op_count; i++) {
        if (!graph->tensors[graph->ops[i].outputs[0]].data) graph->ops[kept++] = graph->ops[i];
    }
    graph->op_count = kept;
}

/* Pixels may come as integers that CAST turns into floats: the floats are the input then, of the same range. */
static void drop_casts(mn_graph *graph) {
    int32_t kept = 0;
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        if (op->kind != MN_OP_CAST || graph->input_count != 1 || op->inputs[0] != graph->inputs[0]) {
            graph->ops[kept++] = *op;
            continue;
        }
        graph->inputs[0] = op->outputs[0];
        if (!graph->meaning.normalised) mn_meaning_set_range(&graph->meaning, 0, 255);
    }
    graph->op_count = kept;
}

static void mark(const int32_t *tensors, int32_t count, int32_t *place) {
    for (int32_t i = 0; i < count; i++) {
        if (tensors[i] >= 0) place[tensors[i]] = 1;
    }
}

static void renumber(int32_t *tensors, int32_t count, const int32_t *place) {
    for (int32_t i = 0; i < count; i++) {
        if (tensors[i] >= 0) tensors[i] = place[tensors[i]];
    }
}

/* Tensors that no operator and no end of the model names. */
static mn_status drop_unused(mn_graph *graph) {
    int32_t *place = mn_region_alloc(&graph->region, (size_t)graph->tensor_count, sizeof *place); /* used, then where */
    if (!place) return mn_fail_memory("the model's tensors");
    mark(graph->inputs, graph->input_count, place);
    mark(graph->outputs, graph->output_count, place);
    for (int32_t i = 0; i < graph->op_count; i++) {
        mark(graph->ops[i].inputs, graph->ops[i].input_count, place);
        mark(graph->ops[i].outputs, graph->ops[i].output_count, place);
    }
    int32_t kept = 0;
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        if (!place[i]) continue;
        graph->tensors[kept] = graph->tensors[i];
        place[i] = kept++;
    }
    graph->tensor_count = kept;
    graph->metadata_count = 0; /* it may count the tensors as they were */
    renumber(graph->inputs, graph->input_count, place);
    renumber(graph->outputs, graph->output_count, place);
    for (int32_t i = 0; i < graph->op_count; i++) {
        renumber(graph->ops[i].inputs, graph->ops[i].input_count, place);
        renumber(graph->ops[i].outputs, graph->ops[i].output_count, place);
    }
    return MN_OK;
}

/* ---- Checks --------------------------------------------------------------------------------------------- */

static bool is_8_bit(mn_type type) { return type == MN_INT8 || type == MN_UINT8; }

static bool has_weights(mn_op_kind kind) {
    return kind == MN_OP_CONV_2D || kind == MN_OP_DEPTHWISE_CONV_2D || kind == MN_OP_FULLY_CONNECTED;
}

/* Activations that are integers. Constants may be: dynamic-range models store weights in 8 bits. */
static mn_status refuse_quantised(const mn_graph *graph) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        const mn_tensor *in = mn_graph_input(graph, op, 0), *out = mn_graph_output(graph, op, 0);
        const mn_tensor *found = mn_is_stored(in->type) && !in->data ? in : mn_is_stored(out->type) ? out : NULL;
        if (!found) continue;
        return mn_graph_fail(graph, i, MN_ERROR_UNSUPPORTED,
                             "the model is quantised already (tensor %s is %s); give the float model that it was "
                             "made from",
                             found->name, mn_type_name(found->type));
    }
    return MN_OK;
}

/* ---- Weights in 8 bits beside float activations ----------------------------------------------------------- */

/* What the stored values of `tensor` stand for; TFLite takes them as signed in either type. */
static mn_status dequantise(mn_graph *graph, mn_tensor *tensor) {
    const mn_shape shape = mn_tensor_shape(tensor);
    const int32_t count = mn_shape_count(&shape);
    const int8_t *stored = tensor->data;
    int32_t inner = 1;
    for (int32_t d = tensor->quant.axis + 1; d < tensor->rank; d++) inner *= tensor->dims[d];
    float *values = mn_region_alloc(&graph->region, (size_t)count, sizeof *values);
    if (!values) return mn_fail_memory("float weights");
    for (int32_t i = 0; i < count; i++) {
        const int32_t channel = tensor->quant.count > 1 ? i / inner % tensor->quant.count : 0;
        values[i] = tensor->quant.scale[channel] * (float)stored[i];
    }
    tensor->data = values;
    tensor->type = MN_FLOAT32;
    tensor->bytes = (size_t)count * sizeof *values;
    tensor->quant = (mn_quant){0};
    return MN_OK;
}

static mn_status dequantise_weights(mn_graph *graph) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        if (!has_weights(op->kind)) continue;
        mn_tensor *weights = &graph->tensors[op->inputs[1]];
        if (weights->data && is_8_bit(weights->type)) MN_TRY(dequantise(graph, weights));
    }
    return MN_OK;
}

static mn_status check_ends(const mn_graph *graph) {
    if (graph->input_count != 1) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: has %d inputs; only models with one can be quantised", graph->name,
                       graph->input_count);
    }
    const mn_tensor *input = &graph->tensors[graph->inputs[0]];
    if (input->type != MN_FLOAT32 || input->rank < 1 || input->dims[0] != 1) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: input %s is %s with a batch of %d; float32 and a batch of 1 are needed", graph->name,
                       input->name, mn_type_name(input->type), input->rank < 1 ? 0 : input->dims[0]);
    }
    return MN_OK;
}

static mn_status check_finite(const mn_graph *graph, int32_t op, const mn_tensor *tensor) {
    const float *values = tensor->data;
    for (size_t i = 0; i < tensor->bytes / sizeof *values; i++) {
        if (isfinite(values[i])) continue;
        return mn_graph_fail(graph, op, MN_ERROR_FORMAT,
                             "value %zu of %s is %s; the model is damaged or its training diverged", i, tensor->name,
                             isnan(values[i]) ? "not a number" : "infinite");
    }
    return MN_OK;
}

static mn_status check_op(const mn_graph *graph, int32_t index) {
    const mn_op *op = &graph->ops[index];
    for (int32_t i = 0; i < op->input_count; i++) {
        const mn_tensor *in = mn_graph_input(graph, op, i);
        if (!in) continue;
        if (i > 0 && has_weights(op->kind) && !in->data) {
            return mn_graph_fail(graph, index, MN_ERROR_UNSUPPORTED,
                                 "its weights (%s) are computed by the model; only constant ones can be quantised",
                                 in->name);
        }
        if (in->type == MN_FLOAT32 && in->data) MN_TRY(check_finite(graph, index, in));
    }
    const mn_tensor *out = mn_graph_output(graph, op, 0);
    if (op->kind == MN_OP_DIV && !mn_graph_input(graph, op, 1)->data) {
        return mn_graph_fail(graph, index, MN_ERROR_UNSUPPORTED,
                             "its divisor (%s) is computed by the model; only constant ones can be quantised",
                             mn_graph_input(graph, op, 1)->name);
    }
    if (out->type == MN_FLOAT32) return MN_OK;
    return mn_graph_fail(graph, index, MN_ERROR_UNSUPPORTED, "its output %s is %s; only float32 can be quantised",
                         out->name, mn_type_name(out->type));
}

mn_status mn_quant_prepare(mn_graph *graph) {
    const int32_t custom = mn_graph_first_custom(graph);
    if (custom >= 0) return mn_graph_refuse_custom(graph, custom);
    drop_casts(graph);
    MN_TRY(refuse_quantised(graph));
    MN_TRY(mn_graph_compute_constants(graph));
    drop_folded(graph);
    MN_TRY(dequantise_weights(graph));
    MN_TRY(drop_unused(graph));
    MN_TRY(check_ends(graph));
    for (int32_t i = 0; i < graph->op_count; i++) MN_TRY(check_op(graph, i));
    return mn_graph_check(graph);
}

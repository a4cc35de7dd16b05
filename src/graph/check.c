/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mn_graph_check: what the reader cannot know from the file's structure alone. */
#include <string.h>

#include "graph/check_types.h"
#include "graph/graph.h"
#include "graph/infer.h"
#include "graph/shape.h"

/* ---- Order: every tensor has one source, which comes before its readers -------------------------------- */

static mn_status check_index(const mn_graph *graph, int32_t op, int32_t tensor, int32_t lowest, const char *role) {
    if (tensor >= lowest && tensor < graph->tensor_count) return MN_OK;
    return mn_graph_fail(graph, op, MN_ERROR_FORMAT, "%s tensor %d does not exist; the model has %d tensors", role,
                         tensor, graph->tensor_count);
}

/* What is known of the tensors up to an operator. */
typedef struct ordering {
    bool *ready;   /* [tensor_count]: has a value */
    bool *written; /* [tensor_count]: some operator writes it, sooner or later */
} ordering;

static mn_status check_op_order(const mn_graph *graph, int32_t index, const ordering *known) {
    const mn_op *op = &graph->ops[index];
    for (int32_t i = 0; i < op->input_count; i++) {
        MN_TRY(check_index(graph, index, op->inputs[i], -1, "input"));
        const bool workspace = op->kind == MN_OP_CUSTOM && op->inputs[i] >= 0 && !known->written[op->inputs[i]];
        if (op->inputs[i] >= 0 && !known->ready[op->inputs[i]] && !workspace) {
            return mn_graph_fail(graph, index, MN_ERROR_FORMAT,
                                 "input tensor %d (%s) has no value yet: no constant data and no earlier operator",
                                 op->inputs[i], graph->tensors[op->inputs[i]].name);
        }
    }
    for (int32_t i = 0; i < op->output_count; i++) {
        MN_TRY(check_index(graph, index, op->outputs[i], 0, "output"));
        if (known->ready[op->outputs[i]]) {
            return mn_graph_fail(graph, index, MN_ERROR_FORMAT,
                                 "output tensor %d (%s) already has a value: it is constant, a model input or written "
                                 "by an earlier operator",
                                 op->outputs[i], graph->tensors[op->outputs[i]].name);
        }
        known->ready[op->outputs[i]] = true;
    }
    return MN_OK;
}

static void find_written(const mn_graph *graph, bool *written) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        for (int32_t k = 0; k < graph->ops[i].output_count; k++) {
            const int32_t tensor = graph->ops[i].outputs[k];
            if (tensor >= 0 && tensor < graph->tensor_count) written[tensor] = true;
        }
    }
}

static mn_status check_ends(const mn_graph *graph, bool *ready) {
    if (graph->input_count < 1 || graph->output_count < 1) {
        return mn_fail(MN_ERROR_FORMAT, "%s: the model has %d inputs and %d outputs; at least one of each is needed",
                       graph->name, graph->input_count, graph->output_count);
    }
    for (int32_t i = 0; i < graph->input_count; i++) {
        int32_t tensor = graph->inputs[i];
        if (tensor < 0 || tensor >= graph->tensor_count || ready[tensor]) {
            return mn_fail(MN_ERROR_FORMAT,
                           "%s: model input %d names tensor %d, which is constant, missing or named twice", graph->name,
                           i, tensor);
        }
        ready[tensor] = true;
    }
    return MN_OK;
}

static mn_status check_outputs(const mn_graph *graph, const bool *ready) {
    for (int32_t i = 0; i < graph->output_count; i++) {
        int32_t tensor = graph->outputs[i];
        if (tensor < 0 || tensor >= graph->tensor_count || !ready[tensor]) {
            return mn_fail(MN_ERROR_FORMAT, "%s: model output %d names tensor %d, which nothing computes", graph->name,
                           i, tensor);
        }
    }
    return MN_OK;
}

static mn_status check_order(mn_graph *graph) {
    bool *ready = mn_region_alloc(&graph->region, (size_t)graph->tensor_count, sizeof *ready);
    bool *written = mn_region_alloc(&graph->region, (size_t)graph->tensor_count, sizeof *written);
    if (!ready || !written) return mn_fail_memory("the model's tensors");
    for (int32_t i = 0; i < graph->tensor_count; i++) ready[i] = graph->tensors[i].data != NULL;
    find_written(graph, written);
    MN_TRY(check_ends(graph, ready));
    for (int32_t i = 0; i < graph->op_count; i++) MN_TRY(check_op_order(graph, i, &(ordering){ready, written}));
    return check_outputs(graph, ready);
}

/* ---- Operand counts and attributes ---------------------------------------------------------------------- */

static mn_status check_operands(const mn_graph *graph, int32_t index) {
    const mn_op *op = &graph->ops[index];
    const int32_t needed = mn_op_data_inputs(op);
    const bool parts =
        op->kind == MN_OP_SPLIT || op->kind == MN_OP_SPLIT_V || op->kind == MN_OP_UNPACK || op->kind == MN_OP_CUSTOM;
    if (op->input_count < needed || needed < 1 || op->output_count < 1 || (op->output_count > 1 && !parts)) {
        return mn_graph_fail(graph, index, MN_ERROR_FORMAT, "has %d inputs and %d outputs", op->input_count,
                             op->output_count);
    }
    for (int32_t i = 0; i < needed; i++) {
        if (op->inputs[i] < 0) {
            return mn_graph_fail(graph, index, MN_ERROR_FORMAT, "input %d is left out but required", i);
        }
    }
    return MN_OK;
}

static bool has_window(mn_op_kind kind) {
    return kind == MN_OP_CONV_2D || kind == MN_OP_DEPTHWISE_CONV_2D || kind == MN_OP_AVERAGE_POOL_2D ||
           kind == MN_OP_MAX_POOL_2D;
}

static mn_status check_window(const mn_graph *graph, int32_t index) {
    const mn_op *op = &graph->ops[index];
    const mn_op_attr *a = &op->attr;
    if (!has_window(op->kind)) return MN_OK;
    if (a->stride_h >= 1 && a->stride_w >= 1 && a->dilation_h >= 1 && a->dilation_w >= 1) return MN_OK;
    return mn_graph_fail(graph, index, MN_ERROR_FORMAT, "strides and dilations must be at least 1");
}

typedef mn_status check_fn(const mn_graph *graph, int32_t index);

static mn_status check_ops(const mn_graph *graph, check_fn *check) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        MN_TRY(check(graph, i));
    }
    return MN_OK;
}

/* What inference starts from. The file's shapes of computed tensors may be stale (resized models): TFLite
 * ignores them, and so do we; they are erased before inference. */
static mn_status take_given_shape(const mn_graph *graph, int32_t tensor, mn_shape *shape) {
    *shape = mn_tensor_shape(&graph->tensors[tensor]);
    if (mn_shape_check(shape, graph->tensors[tensor].type)) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "%s: tensor %d (%s) has an empty dimension or is over 1 GiB", graph->name, tensor,
                   graph->tensors[tensor].name);
}

/* Integers that follow from shapes become constants. */
static mn_status keep_integers(mn_graph *graph, const mn_known *known, int32_t tensor) {
    const int64_t *values = known->values ? known->values[tensor] : NULL;
    mn_tensor *to = &graph->tensors[tensor];
    if (!values || to->data) return MN_OK;
    const size_t size = mn_type_size(to->type), count = to->bytes / size;
    char *data = mn_region_alloc(&graph->region, count, size);
    if (!data) return mn_fail_memory("the model's shapes");
    for (size_t i = 0; i < count; i++) {
        const int32_t narrow = (int32_t)values[i];
        memcpy(data + i * size, size == sizeof narrow ? (const void *)&narrow : (const void *)&values[i], size);
    }
    to->data = data;
    return MN_OK;
}

/* Attributes that follow from shapes, as they are for the shapes of the graph. */
static mn_status keep_attributes(mn_graph *graph, mn_known *known, const mn_shape *shapes, int32_t op_index) {
    mn_op *op = &graph->ops[op_index];
    const inference in = {.graph = graph, .op = op, .op_index = op_index, .shapes = shapes, .known = known};
    if (!op->attr.computed) return MN_OK;
    if (op->kind == MN_OP_STRIDED_SLICE || op->kind == MN_OP_SLICE) return mn_infer_known_slice(&in, &op->attr.slice);
    mn_shape list;
    MN_TRY(mn_infer_list(&in, 1, "shape", &list));
    op->attr.list_count = list.rank;
    memcpy(op->attr.list, list.dims, sizeof op->attr.list);
    return MN_OK;
}

/* They would go stale when inputs are resized. */
static mn_status refuse_integer_outputs(const mn_graph *graph, const mn_known *known) {
    for (int32_t i = 0; i < graph->output_count && known->values; i++) {
        const int32_t tensor = graph->outputs[i];
        if (!known->values[tensor] || graph->tensors[tensor].data) continue;
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: model output %d (%s) holds sizes of tensors, not results",
                       graph->name, i, graph->tensors[tensor].name);
    }
    return MN_OK;
}

static mn_status infer_all(mn_graph *graph, mn_shape *shapes, mn_known *known) {
    MN_TRY(mn_graph_infer(graph, shapes, known, NULL));
    MN_TRY(refuse_integer_outputs(graph, known));
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        mn_tensor *tensor = &graph->tensors[i];
        tensor->rank = shapes[i].rank;
        memcpy(tensor->dims, shapes[i].dims, sizeof tensor->dims);
        tensor->bytes = (size_t)mn_shape_count(&shapes[i]) * mn_type_size(tensor->type);
        MN_TRY(keep_integers(graph, known, i));
    }
    for (int32_t i = 0; i < graph->op_count; i++) MN_TRY(keep_attributes(graph, known, shapes, i));
    return MN_OK;
}

/* Of CUSTOM operators the file's shapes stay, those of their workspace too. */
static mn_status start_op(const mn_graph *graph, int32_t index, mn_shape *shapes) {
    const mn_op *op = &graph->ops[index];
    for (int32_t k = 0; k < op->output_count && op->kind != MN_OP_CUSTOM; k++) graph->tensors[op->outputs[k]].rank = 0;
    for (int32_t i = 0; i < op->input_count && op->kind == MN_OP_CUSTOM; i++) {
        if (op->inputs[i] >= 0) MN_TRY(take_given_shape(graph, op->inputs[i], &shapes[op->inputs[i]]));
    }
    return MN_OK;
}

static mn_status infer_into_tensors(mn_graph *graph) {
    mn_shape *shapes = mn_region_alloc(&graph->region, (size_t)graph->tensor_count, sizeof *shapes);
    if (!shapes) return mn_fail_memory("the model's shapes");
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        if (graph->tensors[i].data) MN_TRY(take_given_shape(graph, i, &shapes[i]));
    }
    for (int32_t i = 0; i < graph->input_count; i++) {
        MN_TRY(take_given_shape(graph, graph->inputs[i], &shapes[graph->inputs[i]]));
    }
    for (int32_t i = 0; i < graph->op_count; i++) MN_TRY(start_op(graph, i, shapes));
    mn_known known = {.graph = graph};
    const mn_status status = infer_all(graph, shapes, &known);
    mn_known_free(&known);
    return status;
}

mn_status mn_graph_check(mn_graph *graph) {
    MN_TRY(check_order(graph));
    MN_TRY(check_ops(graph, check_operands));
    MN_TRY(check_ops(graph, check_window));
    MN_TRY(infer_into_tensors(graph));
    return check_ops(graph, mn_check_types);
}

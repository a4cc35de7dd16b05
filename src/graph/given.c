/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mn_graph_check_given: what the reader of a file has made sure of, for graphs that come from no file. */
#include <math.h>

#include "base/checked.h"
#include "graph/graph.h"
#include "graph/shape.h"
#include "graph/stored.h"

/* ---- Tensors --------------------------------------------------------------------------------------------- */

static mn_status tensor_fail(const mn_graph *graph, int32_t index, mn_status status, const char *what) {
    const char *name = graph->tensors[index].name;
    return mn_fail(status, "%s: tensor %d (%.80s): %s", graph->name, index, name ? name : "", what);
}

/* Marks which tensors something names; indices out of range are mn_graph_check()'s to refuse. */
static void mark(const mn_graph *graph, const int32_t *tensors, int32_t count, bool *marked) {
    for (int32_t i = 0; i < count; i++) {
        if (tensors[i] >= 0 && tensors[i] < graph->tensor_count) marked[tensors[i]] = true;
    }
}

static bool may_be_quantised(mn_type type) { return mn_is_stored(type) || type == MN_INT32; }

static bool fits_type(mn_type type, int32_t zero) {
    return type == MN_INT32 || (zero >= mn_stored_lowest(type) && zero <= mn_stored_highest(type));
}

/* What is wrong with the scales of a tensor; NULL when nothing is. */
static const char *quant_fault(const mn_tensor *t) {
    const mn_quant *quant = &t->quant;
    if (quant->count == 0 || !may_be_quantised(t->type)) return NULL;
    const bool placed = quant->axis >= 0 && quant->axis < t->rank && quant->count == t->dims[quant->axis];
    if (quant->count < 0 || !quant->scale || !quant->zero_point || (quant->count > 1 && !placed)) {
        return "its scales do not fit its shape";
    }
    for (int32_t i = 0; i < quant->count; i++) {
        if (!(quant->scale[i] > 0) || !isfinite(quant->scale[i])) return "a scale is not positive and finite";
        const bool symmetric = t->type != MN_INT8 || quant->count == 1 || quant->zero_point[i] == 0;
        if (!symmetric || !fits_type(t->type, quant->zero_point[i]))
            return "a zero point is outside the range of its type";
    }
    return NULL;
}

bool mn_graph_is_wrong_note(const mn_tensor *tensor) {
    const mn_quant *quant = &tensor->quant;
    if (tensor->type != MN_INT32 || quant->count == 0) return false;
    if (quant_fault(tensor)) return true;
    for (int32_t i = 0; i < quant->count; i++) {
        if (quant->zero_point[i] != 0) return true;
    }
    return false;
}

/* Sizes of what operators write are inferred later, whatever is given. */
static mn_status check_tensor(const mn_graph *graph, int32_t index, bool written) {
    const mn_tensor *t = &graph->tensors[index];
    const size_t size = mn_type_size(t->type);
    if (!t->name || size == 0) return tensor_fail(graph, index, MN_ERROR_FORMAT, "it has no name or no type");
    if (t->rank < 0 || t->rank > MN_MAX_RANK) {
        return tensor_fail(graph, index, MN_ERROR_FORMAT, "its number of dimensions is out of range");
    }
    const mn_shape shape = mn_tensor_shape(t);
    if (!written && !mn_shape_check(&shape, t->type)) {
        return tensor_fail(graph, index, MN_ERROR_LIMIT, "it has an empty dimension or is over 1 GiB");
    }
    if (t->data && t->bytes != size * (size_t)mn_shape_count(&shape)) {
        return tensor_fail(graph, index, MN_ERROR_FORMAT, "its contents have another size than its shape");
    }
    if (t->data && (uintptr_t)t->data % size != 0) {
        return tensor_fail(graph, index, MN_ERROR_FORMAT, "its contents are not aligned to its type");
    }
    const char *fault = quant_fault(t);
    return fault ? tensor_fail(graph, index, MN_ERROR_FORMAT, fault) : MN_OK;
}

static mn_status check_tensors(const mn_graph *graph, bool *named, bool *written) {
    mark(graph, graph->inputs, graph->input_count, named);
    mark(graph, graph->outputs, graph->output_count, named);
    for (int32_t i = 0; i < graph->op_count; i++) {
        mark(graph, graph->ops[i].inputs, graph->ops[i].input_count, named);
        mark(graph, graph->ops[i].outputs, graph->ops[i].output_count, named);
        mark(graph, graph->ops[i].outputs, graph->ops[i].output_count, written);
    }
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        if (named[i]) MN_TRY(check_tensor(graph, i, written[i]));
    }
    return MN_OK;
}

/* ---- Operators ------------------------------------------------------------------------------------------- */

static const int32_t max_versions[MN_OP_KIND_COUNT] = {
#define X(kind, code, version, name) [kind] = version,
#include "graph/ops.def"
#undef X
};

static bool is_extent(int32_t value) { return value >= 1 && value <= MN_MAX_STRIDE; }

static bool is_window(const mn_op_attr *a, bool pools) {
    return is_extent(a->stride_h) && is_extent(a->stride_w) && is_extent(a->dilation_h) && is_extent(a->dilation_w) &&
           (!pools || (is_extent(a->filter_h) && is_extent(a->filter_w)));
}

static bool are_pads(const mn_op_attr *a) {
    for (int32_t i = 0; i < a->list_count; i++) {
        for (int32_t k = 0; k < 2; k++) {
            if (a->pad[i][k] < 0 || a->pad[i][k] > MN_MAX_STRIDE) return false;
        }
    }
    return true;
}

static bool are_blocks(const mn_op_attr *a) {
    for (int32_t i = 0; i < a->list_count; i++) {
        if (!is_extent(a->list[i])) return false;
    }
    return are_pads(a);
}

/* At most one entry of a RESHAPE is open. */
static bool is_new_shape(const mn_op_attr *a) {
    int32_t open = 0;
    for (int32_t i = 0; i < a->list_count; i++) {
        if (a->list[i] < -1 || a->list[i] == 0) return false;
        open += a->list[i] == -1;
    }
    return open <= 1;
}

static bool has_sizes(const mn_graph *graph, const mn_op *op) {
    const mn_tensor *sizes = mn_graph_input(graph, op, 1);
    return sizes && sizes->data && (sizes->type == MN_INT32 || sizes->type == MN_INT64) &&
           sizes->bytes / mn_type_size(sizes->type) == (size_t)op->output_count;
}

static bool fit_attributes(const mn_graph *graph, const mn_op *op) {
    const mn_op_attr *a = &op->attr;
    switch (op->kind) {
    case MN_OP_DEPTHWISE_CONV_2D: return is_window(a, false) && a->depth_multiplier >= 1;
    case MN_OP_CONV_2D: return is_window(a, false);
    case MN_OP_AVERAGE_POOL_2D:
    case MN_OP_MAX_POOL_2D: return is_window(a, true);
    case MN_OP_SOFTMAX: return a->beta > 0 && isfinite(a->beta);
    case MN_OP_LEAKY_RELU: return isfinite(a->alpha);
    case MN_OP_PAD: return are_pads(a);
    case MN_OP_SPACE_TO_BATCH_ND:
    case MN_OP_BATCH_TO_SPACE_ND: return are_blocks(a);
    case MN_OP_RESHAPE: return a->computed || is_new_shape(a);
    case MN_OP_SPLIT_V: return has_sizes(graph, op);
    case MN_OP_CUSTOM: return a->custom.name && a->custom.name[0] != '\0' && (a->custom.options || !a->custom.bytes);
    default: return true;
    }
}

/* Only a bias, and what a CUSTOM operator does without, may be left out. */
static bool may_lack(const mn_op *op, int32_t i) {
    if (op->kind == MN_OP_CUSTOM) return true;
    return i == 2 &&
           (op->kind == MN_OP_CONV_2D || op->kind == MN_OP_DEPTHWISE_CONV_2D || op->kind == MN_OP_FULLY_CONNECTED);
}

static mn_status check_op(const mn_graph *graph, int32_t index) {
    const mn_op *op = &graph->ops[index];
    const mn_op_attr *a = &op->attr;
    if ((uint32_t)op->kind >= MN_OP_KIND_COUNT) {
        return mn_fail(MN_ERROR_FORMAT, "%s: operator %d has an unknown kind", graph->name, index);
    }
    if (op->kind == MN_OP_CUSTOM && !a->custom.name) {
        return mn_fail(MN_ERROR_FORMAT, "%s: operator %d is CUSTOM and has no name", graph->name, index);
    }
    if (op->version < 1 || op->version > max_versions[op->kind]) {
        return mn_graph_fail(graph, index, MN_ERROR_FORMAT, "its version %d is not known", op->version);
    }
    for (int32_t i = 0; i < op->input_count; i++) {
        if (op->inputs[i] != -1 || may_lack(op, i)) continue;
        return mn_graph_fail(graph, index, MN_ERROR_FORMAT, "input %d is left out but required", i);
    }
    const bool known = (uint32_t)a->activation <= MN_ACT_RELU6 && (uint32_t)a->padding <= MN_PAD_VALID;
    const bool counted =
        a->list_count >= 0 && a->list_count <= MN_MAX_RANK && a->slice.count >= 0 && a->slice.count <= MN_MAX_RANK;
    if (known && counted && fit_attributes(graph, op)) return MN_OK;
    return mn_graph_fail(graph, index, MN_ERROR_FORMAT, "its attributes are out of range");
}

static mn_status check_ops(const mn_graph *graph) {
    for (int32_t i = 0; i < graph->op_count; i++) MN_TRY(check_op(graph, i));
    return MN_OK;
}

mn_status mn_graph_check_given(const mn_graph *graph) {
    mn_region region = {0};
    if (graph->tensor_count > MN_MAX_TENSORS || graph->op_count > MN_MAX_OPERATORS) {
        return mn_fail(MN_ERROR_LIMIT, "%s: %d tensors and %d operators are more than %d and %d", graph->name,
                       graph->tensor_count, graph->op_count, MN_MAX_TENSORS, MN_MAX_OPERATORS);
    }
    bool *named = mn_region_alloc(&region, (size_t)graph->tensor_count, sizeof *named);
    bool *written = mn_region_alloc(&region, (size_t)graph->tensor_count, sizeof *written);
    mn_status status = named && written ? check_tensors(graph, named, written) : mn_fail_memory("the model's tensors");
    if (status == MN_OK) status = check_ops(graph);
    mn_region_free(&region);
    return status;
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plugin/import.h"

#include <stdlib.h>
#include <string.h>

#include "delegate/types.h"
#include "plugin/fields.h"
#include "tflite/ops.h"

enum { WRITTEN = 1, READ = 2 };

typedef struct importing {
    const mn_import *from;
    mn_graph *graph;
    /* Until tensors have numbers in the graph, operators name them by those of the interpreter. */
    int32_t *places;  /* [the interpreter's tensors]: WRITTEN, READ; then the number in the graph, if it has one */
    int32_t *numbers; /* [graph->tensor_count] */
    int32_t *roles;   /* [graph->tensor_count], in the graph's region: WRITTEN, READ */
} importing;

static mn_status tensor_fail(const importing *in, int32_t index, mn_status status, const char *what) {
    const mn_graph *graph = in->graph;
    return mn_fail(status, "%s: tensor %d (%.80s): %s", graph->name, in->numbers[index], graph->tensors[index].name,
                   what);
}

/* ---- Operators ------------------------------------------------------------------------------------------- */

static mn_status copy_indices(const importing *in, int32_t op, const tfl_int_array *list, int32_t *count,
                              int32_t **out) {
    *count = list ? list->size : 0;
    *out = mn_region_alloc(&in->graph->region, (size_t)*count, sizeof **out);
    if (!*out) return mn_fail_memory("a list of tensors");
    for (int32_t i = 0; i < *count; i++) {
        (*out)[i] = list->data[i];
        if (list->data[i] >= -1 && (list->data[i] < 0 || (size_t)list->data[i] < in->from->context->tensors_size))
            continue;
        return mn_graph_fail(in->graph, op, MN_ERROR_FORMAT, "tensor %d does not exist", list->data[i]);
    }
    return MN_OK;
}

static mn_status find_kind(const importing *in, int32_t op, const tfl_registration *what) {
    const char *name = mn_tfl_code_name(what->builtin_code);
    mn_op *made = &in->graph->ops[op];
    if (!mn_tfl_op_find(what->builtin_code, &made->kind) || made->kind == MN_OP_CUSTOM) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: operator %d (%.40s, code %d) is not supported", in->graph->name,
                       in->graph->origin[op], name ? name : "unknown", what->builtin_code);
    }
    made->version = what->version;
    if (made->version >= 1 && made->version <= mn_tfl_op_max_version(made->kind)) return MN_OK;
    return mn_graph_fail(in->graph, op, MN_ERROR_UNSUPPORTED, "version %d is not supported", made->version);
}

static mn_status find_node(const importing *in, int32_t op, tfl_node **node, tfl_registration **what) {
    tfl_context *context = in->from->context;
    if (context->get_node_and_registration(context, in->from->nodes[op], node, what) == TFL_OK) return MN_OK;
    return mn_fail(MN_ERROR_ARGUMENT, "the interpreter does not show node %d", in->from->nodes[op]);
}

static void mark(const importing *in, const int32_t *tensors, int32_t count, int32_t role) {
    for (int32_t i = 0; i < count; i++) {
        if (tensors[i] >= 0) in->places[tensors[i]] |= role;
    }
}

static mn_status import_op(const importing *in, int32_t op) {
    mn_op *made = &in->graph->ops[op];
    tfl_node *node;
    tfl_registration *what;
    MN_TRY(find_node(in, op, &node, &what));
    MN_TRY(find_kind(in, op, what));
    MN_TRY(copy_indices(in, op, node->inputs, &made->input_count, &made->inputs));
    MN_TRY(copy_indices(in, op, node->outputs, &made->output_count, &made->outputs));
    mark(in, made->inputs, made->input_count, READ);
    mark(in, made->outputs, made->output_count, WRITTEN);
    return MN_OK;
}

static mn_status import_options(const importing *in, int32_t op) {
    tfl_node *node;
    tfl_registration *what;
    mn_tfl_given given;
    MN_TRY(find_node(in, op, &node, &what));
    if (!node->builtin_data) return mn_tfl_take_options(in->graph, op, NULL);
    mn_fields_take(in->graph->ops[op].kind, what->version, node->builtin_data, &given);
    return mn_tfl_take_options(in->graph, op, &given);
}

/* ---- Numbers --------------------------------------------------------------------------------------------- */

static void renumber(const importing *in, int32_t *tensors, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (tensors[i] >= 0) tensors[i] = in->places[tensors[i]];
    }
}

/* Gives numbers to those tensors that an operator names. */
static mn_status number_tensors(importing *in) {
    mn_graph *graph = in->graph;
    const int32_t all = (int32_t)in->from->context->tensors_size;
    size_t count = 0;
    for (int32_t i = 0; i < all; i++) count += in->places[i] != 0;
    graph->tensors = mn_region_alloc(&graph->region, count, sizeof *graph->tensors);
    in->numbers = mn_region_alloc(&graph->region, count, sizeof *in->numbers);
    in->roles = mn_region_alloc(&graph->region, count, sizeof *in->roles);
    if (!graph->tensors || !in->numbers || !in->roles) return mn_fail_memory("the model's tensors");
    for (int32_t i = 0; i < all; i++) {
        if (in->places[i] == 0) continue;
        in->numbers[graph->tensor_count] = i;
        in->roles[graph->tensor_count] = in->places[i];
        in->places[i] = graph->tensor_count++;
    }
    for (int32_t i = 0; i < graph->op_count; i++) {
        renumber(in, graph->ops[i].inputs, graph->ops[i].input_count);
        renumber(in, graph->ops[i].outputs, graph->ops[i].output_count);
    }
    return MN_OK;
}

/* ---- Tensors --------------------------------------------------------------------------------------------- */

/* What nodes compute gets its shape from them, so that an empty dimension there is one not known yet. */
static mn_status import_shape(const importing *in, int32_t index, const tfl_int_array *dims) {
    mn_tensor *tensor = &in->graph->tensors[index];
    const int32_t rank = dims ? dims->size : 0;
    if (rank > MN_MAX_RANK) return tensor_fail(in, index, MN_ERROR_UNSUPPORTED, "it has too many dimensions");
    tensor->rank = rank;
    for (int32_t d = 0; d < rank; d++) {
        tensor->dims[d] = dims->data[d];
        if (tensor->dims[d] >= 1) continue;
        if (!(in->roles[index] & WRITTEN)) {
            return tensor_fail(in, index, MN_ERROR_UNSUPPORTED, "it has an empty dimension");
        }
        tensor->dims[d] = 1;
    }
    return MN_OK;
}

/* Constants are there before anything runs, and as long as the interpreter. */
static mn_status import_contents(const importing *in, int32_t index, const tfl_tensor *from) {
    mn_tensor *tensor = &in->graph->tensors[index];
    tensor->bytes = from->bytes;
    if (from->allocation_type != TFL_MMAP_RO || !from->data.constant) return MN_OK;
    tensor->data = from->data.constant;
    if ((uintptr_t)tensor->data % mn_type_size(tensor->type) == 0) return MN_OK;
    void *copy = mn_region_alloc(&in->graph->region, 1, tensor->bytes);
    if (!copy) return mn_fail_memory("a constant tensor");
    tensor->data = memcpy(copy, tensor->data, tensor->bytes);
    return MN_OK;
}

/* One number for all scales, or none, which means 0. */
static mn_status repeat_zero(const importing *in, const tfl_int_array *zeros, int32_t count, const int32_t **out) {
    int32_t *made = mn_region_alloc(&in->graph->region, (size_t)count, sizeof *made);
    if (!made) return mn_fail_memory("quantisation parameters");
    for (int32_t i = 0; i < count && zeros && zeros->size == 1; i++) made[i] = zeros->data[0];
    *out = made;
    return MN_OK;
}

static mn_status import_affine(const importing *in, int32_t index, const tfl_affine_quantization *from) {
    mn_quant *quant = &in->graph->tensors[index].quant;
    if (!from->scale || from->scale->size < 1) return MN_OK;
    const int32_t count = from->scale->size, zeros = from->zero_point ? from->zero_point->size : 0;
    *quant = (mn_quant){.count = count, .axis = count > 1 ? from->quantized_dimension : 0, .scale = from->scale->data};
    if (zeros <= 1 && zeros < count) return repeat_zero(in, from->zero_point, count, &quant->zero_point);
    if (zeros != count) return tensor_fail(in, index, MN_ERROR_FORMAT, "it has not as many zero points as scales");
    quant->zero_point = from->zero_point->data;
    return MN_OK;
}

/* The older form, which lies in the tensor itself, which may move. */
static mn_status import_params(const importing *in, int32_t index, tfl_quantization_params from) {
    mn_quant *quant = &in->graph->tensors[index].quant;
    if (!(from.scale > 0)) return MN_OK;
    tfl_quantization_params *kept = mn_region_alloc(&in->graph->region, 1, sizeof *kept);
    if (!kept) return mn_fail_memory("quantisation parameters");
    *kept = from;
    *quant = (mn_quant){.count = 1, .scale = &kept->scale, .zero_point = &kept->zero_point};
    return MN_OK;
}

static mn_status import_quantisation(const importing *in, int32_t index, const tfl_tensor *from) {
    mn_tensor *tensor = &in->graph->tensors[index];
    switch (tensor->type) {
    case MN_INT8:
    case MN_UINT8:
    case MN_INT16:
    case MN_INT32: break;
    default: return MN_OK; /* scales mean nothing there */
    }
    if (from->quantization.type > TFL_AFFINE_QUANTIZATION) {
        return tensor_fail(in, index, MN_ERROR_UNSUPPORTED, "blockwise quantisation is not supported");
    }
    if (from->quantization.type == TFL_AFFINE_QUANTIZATION && from->quantization.params) {
        MN_TRY(import_affine(in, index, from->quantization.params));
    } else {
        MN_TRY(import_params(in, index, from->params));
    }
    if (mn_graph_is_wrong_note(tensor)) tensor->quant = (mn_quant){0};
    return MN_OK;
}

static mn_status import_tensor(const importing *in, int32_t index) {
    mn_tensor *tensor = &in->graph->tensors[index];
    const tfl_tensor *from = &in->from->context->tensors[in->numbers[index]];
    tensor->name = from->name ? from->name : "";
    tensor->type = mn_type_from_tfl(from->type);
    if (tensor->type == MN_NONE) return tensor_fail(in, index, MN_ERROR_UNSUPPORTED, "its type is not supported");
    if (from->is_variable) return tensor_fail(in, index, MN_ERROR_UNSUPPORTED, "it keeps its value between runs");
    if (from->sparsity) return tensor_fail(in, index, MN_ERROR_UNSUPPORTED, "it is sparse");
    MN_TRY(import_shape(in, index, from->dims));
    MN_TRY(import_contents(in, index, from));
    return import_quantisation(in, index, from);
}

/* ---- Ends ------------------------------------------------------------------------------------------------ */

static bool is_listed(const tfl_int_array *list, int32_t number) {
    for (int32_t i = 0; i < list->size; i++) {
        if (list->data[i] == number) return true;
    }
    return false;
}

static bool is_input(const importing *in, int32_t tensor) {
    if (in->roles[tensor] != READ || in->graph->tensors[tensor].data) return false;
    return !in->from->inputs || is_listed(in->from->inputs, in->numbers[tensor]);
}

static bool is_output(const importing *in, int32_t tensor) {
    if (!(in->roles[tensor] & WRITTEN)) return false;
    return in->from->outputs ? is_listed(in->from->outputs, in->numbers[tensor]) : !(in->roles[tensor] & READ);
}

static mn_status list_ends(const importing *in) {
    mn_graph *graph = in->graph;
    const size_t count = (size_t)graph->tensor_count;
    graph->inputs = mn_region_alloc(&graph->region, count, sizeof *graph->inputs);
    graph->outputs = mn_region_alloc(&graph->region, count, sizeof *graph->outputs);
    if (!graph->inputs || !graph->outputs) return mn_fail_memory("the model's tensors");
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        if (is_input(in, i)) graph->inputs[graph->input_count++] = i;
        if (is_output(in, i)) graph->outputs[graph->output_count++] = i;
    }
    return MN_OK;
}

/* ---- All together ---------------------------------------------------------------------------------------- */

static mn_status make_tables(importing *in) {
    mn_graph *graph = in->graph;
    const size_t tensors = in->from->context->tensors_size, ops = (size_t)in->from->count;
    if (tensors > MN_MAX_TENSORS || ops > MN_MAX_OPERATORS) {
        return mn_fail(MN_ERROR_LIMIT, "%s: %zu tensors and %zu nodes are more than %d and %d", graph->name, tensors,
                       ops, MN_MAX_TENSORS, MN_MAX_OPERATORS);
    }
    int32_t *origin = mn_region_alloc(&graph->region, ops, sizeof *origin);
    graph->ops = mn_region_alloc(&graph->region, ops, sizeof *graph->ops);
    in->places = calloc(tensors + 1, sizeof *in->places);
    if (!origin || !graph->ops || !in->places) return mn_fail_memory("the model");
    memcpy(origin, in->from->nodes, ops * sizeof *origin);
    graph->origin = origin;
    graph->op_count = (int32_t)ops;
    return MN_OK;
}

static mn_status import_all(importing *in) {
    MN_TRY(make_tables(in));
    for (int32_t i = 0; i < in->graph->op_count; i++) MN_TRY(import_op(in, i));
    MN_TRY(number_tensors(in));
    for (int32_t i = 0; i < in->graph->tensor_count; i++) MN_TRY(import_tensor(in, i));
    MN_TRY(mn_graph_scale_integers(in->graph));
    for (int32_t i = 0; i < in->graph->op_count; i++) MN_TRY(import_options(in, i));
    return list_ends(in);
}

mn_status mn_import_graph(const mn_import *from, mn_imported *out) {
    mn_graph made = {.name = "model", .description = ""};
    importing in = {.from = from, .graph = &made};
    const mn_status status = import_all(&in);
    free(in.places);
    if (status != MN_OK) {
        mn_graph_free(&made);
        return status;
    }
    *out = (mn_imported){made, in.numbers};
    return MN_OK;
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "support/tfl_interpreter.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "delegate/types.h"
#include "graph/shape.h"
#include "tflite/ops.h"

enum { TIMES_PREPARED = 3, CODE_CUSTOM = 32 };

static void need(bool condition) {
    if (!condition) abort();
}

static void *must(void *memory) {
    need(memory != NULL);
    return memory;
}

static tfl_int_array *make_array(int32_t size, const int32_t *data) {
    tfl_int_array *array = must(malloc(sizeof *array + (size_t)size * sizeof *data));
    array->size = size;
    if (size > 0) memcpy(array->data, data, (size_t)size * sizeof *data);
    return array;
}

static tfl_interpreter *self_of(tfl_context *context) { return (tfl_interpreter *)(void *)context; }

/* ---- What a delegate calls ------------------------------------------------------------------------------- */

static void report(tfl_context *context, const char *format, ...) {
    tfl_interpreter *it = self_of(context);
    const size_t used = strlen(it->errors);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(it->errors + used, sizeof it->errors - used - 1, format, arguments);
    va_end(arguments);
    strcat(it->errors, "\n");
}

static tfl_status show_plan(tfl_context *context, tfl_int_array **plan) {
    tfl_interpreter *it = self_of(context);
    if (!it->in_prepare || it->fault == TFL_FAULT_PLAN) return TFL_ERROR;
    *plan = it->plan;
    return TFL_OK;
}

static tfl_status show_node(tfl_context *context, int index, tfl_node **node, tfl_registration **registration) {
    tfl_interpreter *it = self_of(context);
    if (!it->in_prepare || index < 0 || index >= it->node_count) return TFL_ERROR;
    *node = &it->nodes[index];
    *registration = &it->registrations[index];
    return TFL_OK;
}

static tfl_status resize(tfl_context *context, tfl_tensor *tensor, tfl_int_array *dims) {
    tfl_interpreter *it = self_of(context);
    if (it->fault == TFL_FAULT_RESIZE) {
        free(dims);
        return TFL_ERROR;
    }
    free(tensor->dims);
    tensor->dims = dims;
    tensor->bytes = mn_type_size(it->model->graph.tensors[tensor - it->tensors].type);
    for (int32_t i = 0; i < dims->size; i++) tensor->bytes *= (size_t)dims->data[i];
    return TFL_OK;
}

static bool is_claimed(const tfl_int_array *nodes, int32_t node) {
    for (int32_t i = 0; i < nodes->size; i++) {
        if (nodes->data[i] == node) return true;
    }
    return false;
}

/* Tensors of operators [begin, end), once each: what they read, constants too, and none of them writes; or what they
 * write and others read, or the model gives. */
static tfl_int_array *list_ends(const tfl_interpreter *it, int32_t begin, int32_t end, bool inputs) {
    const mn_graph *graph = &it->model->graph;
    const size_t count = (size_t)graph->tensor_count;
    int32_t *found = must(calloc(count, sizeof *found)), total = 0;
    bool *inside = must(calloc(4 * count, sizeof *inside)), *outside = inside + count, *written = outside + count;
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        const bool here = i >= begin && i < end;
        for (int32_t k = 0; k < op->input_count; k++) {
            if (op->inputs[k] >= 0) (here ? inside : outside)[op->inputs[k]] = true;
        }
        for (int32_t k = 0; k < op->output_count && here; k++) written[op->outputs[k]] = true;
    }
    for (int32_t i = 0; i < graph->output_count; i++) outside[graph->outputs[i]] = true;
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        if (inputs ? inside[i] && !written[i] : written[i] && outside[i]) found[total++] = i;
    }
    tfl_int_array *array = make_array(total, found);
    free(found);
    free(inside);
    return array;
}

static void add_part(tfl_interpreter *it, tfl_registration registration, tfl_delegate *delegate, int32_t begin,
                     int32_t end) {
    int32_t *ops = must(calloc((size_t)(end - begin), sizeof *ops));
    for (int32_t i = begin; i < end; i++) ops[i - begin] = i;
    tfl_delegate_params *params = must(calloc(1, sizeof *params));
    *params = (tfl_delegate_params){.delegate = delegate,
                                    .nodes_to_replace = make_array(end - begin, ops),
                                    .input_tensors = list_ends(it, begin, end, true),
                                    .output_tensors = list_ends(it, begin, end, false)};
    free(ops);
    const int32_t index = it->node_count++;
    it->registrations[index] = registration;
    it->plan->data[it->plan->size++] = index;
    it->nodes[index] = (tfl_node){.inputs = params->input_tensors,
                                  .outputs = params->output_tensors,
                                  .builtin_data = params,
                                  .delegate = delegate};
    it->in_prepare = it->fault != TFL_FAULT_INIT;
    it->nodes[index].user_data = registration.init(&it->context, (const char *)params, 0);
    it->in_prepare = true;
}

/* Operators that follow each other become one part. */
static tfl_status replace(tfl_context *context, tfl_registration registration, const tfl_int_array *nodes,
                          tfl_delegate *delegate) {
    tfl_interpreter *it = self_of(context);
    const int32_t count = it->op_count;
    tfl_int_array *claimed = make_array(nodes->size, nodes->data);
    it->plan->size = 0;
    for (int32_t i = 0, begin = 0; i <= count; i++) {
        if (i < count && is_claimed(claimed, i)) continue;
        if (i > begin) add_part(it, registration, delegate, begin, i);
        if (i < count) it->plan->data[it->plan->size++] = i;
        begin = i + 1;
    }
    free(claimed);
    return TFL_OK;
}

/* ---- Making ---------------------------------------------------------------------------------------------- */

static void make_tensor(tfl_tensor *to, const mn_tensor *from) {
    *to = (tfl_tensor){.type = mn_type_to_tfl(from->type),
                       .data.constant = from->data,
                       .dims = make_array(from->rank, from->dims),
                       .allocation_type = from->data ? TFL_MMAP_RO : TFL_ARENA_RW,
                       .bytes = from->bytes,
                       .name = from->name,
                       .buffer_handle = TFL_NO_BUFFER_HANDLE};
    const mn_quant *quant = &from->quant;
    if (quant->count == 0) return;
    to->params = (tfl_quantization_params){quant->scale[0], quant->zero_point[0]};
    if (quant->count == 1) return; /* the older form alone */
    const size_t count = (size_t)quant->count;
    tfl_affine_quantization *affine = must(calloc(1, sizeof *affine));
    affine->scale = must(malloc(sizeof *affine->scale + count * sizeof(float)));
    affine->scale->size = quant->count;
    memcpy(affine->scale->data, quant->scale, count * sizeof(float));
    affine->zero_point = make_array(quant->count, quant->zero_point);
    affine->quantized_dimension = quant->axis;
    to->quantization = (tfl_quantization){TFL_AFFINE_QUANTIZATION, affine};
}

static void free_tensor(tfl_tensor *tensor) {
    tfl_affine_quantization *affine = tensor->quantization.params;
    if (affine) {
        free(affine->scale);
        free(affine->zero_point);
        free(affine);
    }
    free(tensor->dims);
}

/* Options as the interpreter has them; a block of their very size shows reads beyond it. */
static void *make_options(const mn_op *op) {
    const mn_op_attr *a = &op->attr;
    const tfl_activation act = (tfl_activation)a->activation;
    const tfl_padding padding = a->padding == MN_PAD_SAME ? TFL_PADDING_SAME : TFL_PADDING_VALID;
    const tfl_conv_options conv = {padding, a->stride_w, a->stride_h, act, a->dilation_w, a->dilation_h, 0};
    const tfl_depthwise_conv_options depthwise = {padding, a->stride_w,   a->stride_h,  a->depth_multiplier,
                                                  act,     a->dilation_w, a->dilation_h};
    const tfl_fully_connected_options dense = {.activation = act, .keep_num_dims = a->keep_dims};
    const tfl_add_options add = {.activation = act, .pot_scale_int16 = true};
    const tfl_reducer_options reducer = {a->keep_dims};
    const tfl_softmax_options softmax = {a->beta};
    const void *from = NULL;
    size_t bytes = 0;
    switch (op->kind) {
    case MN_OP_CONV_2D: from = &conv, bytes = offsetof(tfl_conv_options, quantized_bias_type); break;
    case MN_OP_DEPTHWISE_CONV_2D: from = &depthwise, bytes = sizeof depthwise; break;
    case MN_OP_FULLY_CONNECTED:
        from = &dense, bytes = offsetof(tfl_fully_connected_options, quantized_bias_type);
        break;
    case MN_OP_ADD: from = &add, bytes = sizeof add; break;
    case MN_OP_MEAN: from = &reducer, bytes = sizeof reducer; break;
    case MN_OP_SOFTMAX: from = &softmax, bytes = sizeof softmax; break;
    default: abort(); /* an operator that this interpreter does not know */
    }
    return memcpy(must(malloc(bytes)), from, bytes);
}

static void make_node(tfl_interpreter *it, int32_t index, bool vetoed) {
    const mn_op *op = &it->model->graph.ops[index];
    it->nodes[index] = (tfl_node){.inputs = make_array(op->input_count, op->inputs),
                                  .outputs = make_array(op->output_count, op->outputs),
                                  .builtin_data = make_options(op)};
    it->registrations[index].builtin_code = vetoed ? CODE_CUSTOM : mn_tfl_op_code(op->kind);
    it->registrations[index].custom_name = vetoed ? "vetoed" : NULL;
    it->registrations[index].version = op->version;
}

tfl_interpreter *tfl_open(const mn_model *model, int32_t vetoed) {
    const mn_graph *graph = &model->graph;
    const size_t tensors = (size_t)graph->tensor_count, nodes = 2 * (size_t)graph->op_count;
    tfl_interpreter *it = must(calloc(1, sizeof *it));
    it->model = model;
    it->tensors = must(calloc(tensors, sizeof *it->tensors));
    it->memory = must(calloc(tensors, sizeof *it->memory));
    it->nodes = must(calloc(nodes, sizeof *it->nodes));
    it->registrations = must(calloc(nodes, sizeof *it->registrations));
    it->stays = must(calloc((size_t)graph->op_count, sizeof *it->stays));
    it->plan = must(calloc(1, sizeof *it->plan + nodes * sizeof *it->plan->data));
    it->node_count = it->op_count = it->plan->size = graph->op_count;
    for (int32_t i = 0; i < graph->tensor_count; i++) make_tensor(&it->tensors[i], &graph->tensors[i]);
    for (int32_t i = 0; i < graph->op_count; i++) {
        make_node(it, i, i == vetoed);
        it->plan->data[i] = i;
    }
    it->context.tensors_size = tensors;
    it->context.tensors = it->tensors;
    it->context.get_execution_plan = show_plan;
    it->context.get_node_and_registration = show_node;
    it->context.replace_node_subsets = replace;
    it->context.resize_tensor = resize;
    it->context.report_error = report;
    it->context.recommended_num_threads = -1;
    return it;
}

void tfl_close(tfl_interpreter *it) {
    for (int32_t i = 0; i < it->node_count; i++) {
        tfl_node *node = &it->nodes[i];
        if (i >= it->op_count) {
            it->registrations[i].free(&it->context, node->user_data);
            free(((tfl_delegate_params *)node->builtin_data)->nodes_to_replace);
        } else {
            mn_session_close(&it->stays[i].session);
            mn_model_close(&it->stays[i].model);
        }
        free(node->inputs);
        free(node->outputs);
        free(node->builtin_data);
    }
    for (size_t i = 0; i < it->context.tensors_size; i++) {
        free_tensor(&it->tensors[i]);
        free(it->memory[i]);
    }
    free(it->tensors);
    free(it->memory);
    free(it->nodes);
    free(it->registrations);
    free(it->stays);
    free(it->plan);
    free(it);
}

/* ---- Claiming, preparing --------------------------------------------------------------------------------- */

tfl_status tfl_delegate_to(tfl_interpreter *it, tfl_delegate *delegate) {
    it->in_prepare = true;
    const tfl_status status = delegate->prepare(&it->context, delegate);
    it->in_prepare = false;
    return status;
}

int32_t tfl_parts(const tfl_interpreter *it) { return it->node_count - it->op_count; }

tfl_status tfl_prepare(tfl_interpreter *it) {
    for (int32_t i = 0; i < it->plan->size; i++) {
        const int32_t index = it->plan->data[i];
        for (int32_t k = 0; k < TIMES_PREPARED && index >= it->op_count; k++) {
            const tfl_status status = it->registrations[index].prepare(&it->context, &it->nodes[index]);
            if (status != TFL_OK) return status;
        }
    }
    return TFL_OK;
}

tfl_status tfl_resize(tfl_interpreter *it, int32_t rank, const int32_t *dims) {
    tfl_tensor *input = &it->tensors[it->model->graph.inputs[0]];
    const tfl_fault fault = it->fault;
    it->fault = TFL_FAULT_NONE;
    resize(&it->context, input, make_array(rank, dims));
    it->fault = fault;
    return tfl_prepare(it);
}

/* ---- Running --------------------------------------------------------------------------------------------- */

/* An operator of one operand as a model, run by reference kernels. */
static void open_stay(const mn_graph *graph, int32_t index, tfl_stay *out) {
    mn_op op = graph->ops[index];
    mn_graph some = *graph, own;
    some.ops = &op;
    some.op_count = 1;
    some.inputs = op.inputs;
    some.input_count = 1;
    some.outputs = op.outputs;
    some.output_count = 1;
    mn_session_options options = MN_INIT(mn_session_options);
    options.cpu = "ref";
    need(mn_graph_share(&some, &own) == MN_OK);
    need(mn_model_from_graph(&own, &out->model) == MN_OK);
    need(mn_session_create(out->model, &options, &out->session) == MN_OK);
    mn_graph_free(&own);
}

static void run_stay(tfl_interpreter *it, int32_t index) {
    tfl_stay *stay = &it->stays[index];
    if (!stay->session) open_stay(&it->model->graph, index, stay);
    const tfl_tensor *from = &it->tensors[it->nodes[index].inputs->data[0]];
    const tfl_tensor *to = &it->tensors[it->nodes[index].outputs->data[0]];
    memcpy(mn_session_input(stay->session, 0), from->data.constant, from->bytes);
    need(mn_session_run(stay->session) == MN_OK);
    memcpy(to->data.data, mn_session_output(stay->session, 0), to->bytes);
}

/* A tensor's place in this run: another one than in the last. */
static void give_memory(tfl_interpreter *it, int32_t index) {
    tfl_tensor *tensor = &it->tensors[index];
    if (tensor->allocation_type == TFL_MMAP_RO) return;
    void *before = it->memory[index];
    it->memory[index] = tensor->data.data = must(aligned_alloc(64, mn_round_up(tensor->bytes, 64)));
    memset(tensor->data.data, 0x5a, tensor->bytes);
    free(before);
}

static tfl_status run_node(tfl_interpreter *it, int32_t index) {
    const tfl_node *node = &it->nodes[index];
    for (int32_t k = 0; k < node->outputs->size; k++) give_memory(it, node->outputs->data[k]);
    if (index < it->op_count) {
        run_stay(it, index);
        return TFL_OK;
    }
    if (it->fault == TFL_FAULT_MEMORY) it->tensors[node->outputs->data[0]].data.data = NULL;
    return it->registrations[index].invoke(&it->context, &it->nodes[index]);
}

tfl_status tfl_run(tfl_interpreter *it, const void *input, void *output) {
    const int32_t first = it->model->graph.inputs[0], last = it->model->graph.outputs[0];
    give_memory(it, first);
    memcpy(it->tensors[first].data.data, input, it->tensors[first].bytes);
    for (int32_t i = 0; i < it->plan->size; i++) {
        const tfl_status status = run_node(it, it->plan->data[i]);
        if (status != TFL_OK) return status;
    }
    memcpy(output, it->tensors[last].data.data, it->tensors[last].bytes);
    return TFL_OK;
}

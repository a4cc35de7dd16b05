/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a delegate sees of the network: tensors, nodes, registrations. */

#include <stdlib.h>
#include <string.h>

#include "base/aligned.h"
#include "base/checked.h"
#include "delegate/host.h"
#include "delegate/types.h"
#include "tflite/ops.h"

enum { ROOM_TO_ADD = 128 }; /* tensors that may be added before any of them moves */

tfl_int_array *mn_host_ints(mn_region *region, int32_t count, const int32_t *values) {
    tfl_int_array *array = mn_region_alloc(region, 1 + (size_t)count, sizeof(int32_t));
    if (!array) return NULL;
    array->size = count;
    if (values && count > 0) memcpy(array->data, values, (size_t)count * sizeof *values);
    return array;
}

/* ---- Tensors ---------------------------------------------------------------------------------------------- */

/* Both forms; the older one holds one scale alone. */
static bool set_quantisation(mn_host *host, const mn_quant *quant, tfl_tensor *tensor) {
    if (quant->count == 0) return true;
    const size_t count = (size_t)quant->count;
    tfl_affine_quantization *affine = mn_region_alloc(&host->region, 1, sizeof *affine);
    tfl_float_array *scale = mn_region_alloc(&host->region, 1 + count, sizeof(float));
    tfl_int_array *zero_point = mn_host_ints(&host->region, quant->count, quant->zero_point);
    if (!affine || !scale || !zero_point) return false;
    scale->size = quant->count;
    memcpy(scale->data, quant->scale, count * sizeof *quant->scale);
    *affine = (tfl_affine_quantization){scale, zero_point, quant->count > 1 ? quant->axis : 0};
    tensor->quantization = (tfl_quantization){TFL_AFFINE_QUANTIZATION, affine};
    if (count == 1) tensor->params = (tfl_quantization_params){quant->scale[0], quant->zero_point[0]};
    return true;
}

static bool set_tensor(mn_host *host, int32_t index, const tfl_int_array *none) {
    const mn_tensor *from = &host->offer->graph->tensors[index];
    const mn_shape *shape = &host->offer->shapes[index];
    tfl_tensor *to = &host->context.tensors[index];
    *to = (tfl_tensor){.type = mn_type_to_tfl(from->type),
                       .data.constant = from->data,
                       .dims = mn_host_ints(&host->region, shape->rank, shape->dims),
                       .allocation_type = from->data ? TFL_MMAP_RO : TFL_ARENA_RW,
                       .bytes = (size_t)mn_shape_count(shape) * mn_type_size(from->type),
                       .name = from->name,
                       .buffer_handle = TFL_NO_BUFFER_HANDLE,
                       .dims_signature = none};
    return to->dims && set_quantisation(host, &from->quant, to);
}

static mn_status set_tensors(mn_host *host) {
    const int32_t count = host->offer->graph->tensor_count;
    const tfl_int_array *none = mn_host_ints(&host->region, 0, NULL);
    host->tensor_room = count + ROOM_TO_ADD;
    host->context.tensors = calloc((size_t)host->tensor_room, sizeof *host->context.tensors);
    host->memory = calloc((size_t)host->tensor_room, sizeof *host->memory);
    if (!none || !host->context.tensors || !host->memory) return mn_fail_memory("the delegate");
    host->context.tensors_size = (size_t)count;
    host->model_tensors = count;
    for (int32_t i = 0; i < count; i++) {
        if (!set_tensor(host, i, none)) return mn_fail_memory("the delegate");
    }
    return MN_OK;
}

/* Workspace of CUSTOM operators is what nothing computes and nobody gives. */
static mn_status find_unwritten(mn_host *host) {
    const mn_graph *graph = host->offer->graph;
    host->unwritten = mn_region_alloc(&host->region, (size_t)graph->tensor_count, sizeof *host->unwritten);
    if (!host->unwritten) return mn_fail_memory("the delegate");
    for (int32_t i = 0; i < graph->tensor_count; i++) host->unwritten[i] = graph->tensors[i].data == NULL;
    for (int32_t i = 0; i < graph->input_count; i++) host->unwritten[graph->inputs[i]] = false;
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        for (int32_t k = 0; k < op->output_count; k++) host->unwritten[op->outputs[k]] = false;
    }
    return MN_OK;
}

/* ---- Nodes ------------------------------------------------------------------------------------------------ */

static bool set_node(mn_host *host, int32_t index, tfl_int_array *none) {
    const mn_op *op = &host->offer->graph->ops[index];
    tfl_node *node = &host->nodes[index];
    *node = (tfl_node){.inputs = mn_host_ints(&host->region, op->input_count, op->inputs),
                       .outputs = mn_host_ints(&host->region, op->output_count, op->outputs),
                       .intermediates = none,
                       .temporaries = none};
    host->registrations[index] = (tfl_registration){.builtin_code = mn_tfl_op_code(op->kind), .version = op->version};
    if (op->kind == MN_OP_CUSTOM) {
        host->registrations[index].custom_name = op->attr.custom.name;
        node->custom_initial_data = op->attr.custom.options;
        node->custom_initial_data_size = (int32_t)op->attr.custom.bytes;
        return node->inputs && node->outputs;
    }
    node->builtin_data = mn_region_alloc(&host->region, 1, TFL_BUILTIN_BYTES);
    if (!node->inputs || !node->outputs || !node->builtin_data) return false;
    mn_host_write_options(host->offer, index, node->builtin_data);
    return true;
}

static mn_status set_nodes(mn_host *host) {
    const int32_t count = host->offer->graph->op_count;
    tfl_int_array *none = mn_host_ints(&host->region, 0, NULL);
    host->nodes = mn_region_alloc(&host->region, (size_t)count, sizeof *host->nodes);
    host->registrations = mn_region_alloc(&host->region, (size_t)count, sizeof *host->registrations);
    host->taken = mn_region_alloc(&host->region, (size_t)count, sizeof *host->taken);
    host->plan = mn_host_ints(&host->region, count, NULL);
    if (!none || !host->nodes || !host->registrations || !host->taken || !host->plan) {
        return mn_fail_memory("the delegate");
    }
    for (int32_t i = 0; i < count; i++) {
        host->taken[i] = -1;
        if (!set_node(host, i, none)) return mn_fail_memory("the delegate");
    }
    return MN_OK;
}

/* ---- All together ------------------------------------------------------------------------------------------- */

static bool is_resized(const mn_offer *offer) {
    for (int32_t i = 0; i < offer->graph->input_count; i++) {
        const int32_t tensor = offer->graph->inputs[i];
        const mn_shape before = mn_tensor_shape(&offer->graph->tensors[tensor]);
        if (!mn_shape_equal(&before, &offer->shapes[tensor])) return true;
    }
    return false;
}

mn_status mn_host_open(const mn_offer *offer, mn_host **out) {
    mn_host *host = calloc(1, sizeof *host);
    if (!host) return mn_fail_memory("the delegate");
    host->offer = offer;
    host->resized = is_resized(offer);
    host->context.recommended_num_threads = offer->threads;
    mn_host_set_functions(host);
    mn_status status = set_tensors(host);
    if (status == MN_OK) status = find_unwritten(host);
    if (status == MN_OK) status = set_nodes(host);
    if (status != MN_OK) {
        mn_host_close(&host);
        return status;
    }
    *out = host;
    return MN_OK;
}

/* What the delegate allocated for a tensor that it added. */
static void free_added(tfl_tensor *tensor) {
    free(tensor->dims);
    if (tensor->quantization.type != TFL_AFFINE_QUANTIZATION || !tensor->quantization.params) return;
    tfl_affine_quantization *affine = tensor->quantization.params;
    free(affine->scale);
    free(affine->zero_point);
    free(affine);
}

void mn_host_close(mn_host **host) {
    mn_host *closing = *host;
    *host = NULL;
    if (!closing) return;
    for (size_t i = 0; i < closing->context.tensors_size; i++) {
        if (i >= (size_t)closing->model_tensors) free_added(&closing->context.tensors[i]);
        mn_aligned_free(closing->memory[i].data);
    }
    mn_host_drop_buffers(closing, 0);
    free(closing->buffers);
    free(closing->calls);
    free(closing->memory);
    free(closing->context.tensors);
    mn_region_free(&closing->preview);
    mn_region_free(&closing->region);
    free(closing);
}

/* ---- Memory ------------------------------------------------------------------------------------------------- */

static void *zeroed(size_t bytes) {
    void *memory = mn_aligned_alloc(MN_ARENA_ALIGNMENT, mn_max_size(bytes, 1));
    return memory ? memset(memory, 0, bytes) : NULL;
}

mn_status mn_host_give_memory(mn_host *host, int32_t tensor) {
    mn_host_memory *memory = &host->memory[tensor];
    const size_t bytes = host->context.tensors[tensor].bytes;
    if (!memory->data || memory->bytes < bytes) {
        void *data = zeroed(bytes);
        if (!data) return mn_fail_memory("tensors of the delegate");
        mn_aligned_free(memory->data);
        *memory = (mn_host_memory){data, bytes};
    }
    host->context.tensors[tensor].data.data = memory->data;
    return MN_OK;
}

int32_t mn_host_add_buffer(mn_host *host, size_t bytes) {
    void **list = realloc(host->buffers, ((size_t)host->buffer_count + 1) * sizeof *list);
    if (!list) return -1;
    host->buffers = list;
    list[host->buffer_count] = zeroed(bytes);
    return list[host->buffer_count] ? host->buffer_count++ : -1;
}

void mn_host_drop_buffers(mn_host *host, int32_t count) {
    while (host->buffer_count > count) mn_aligned_free(host->buffers[--host->buffer_count]);
}

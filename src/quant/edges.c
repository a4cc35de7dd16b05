/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What an int8 graph takes and gives: mn_quant_set_io. */
#include <stdio.h>
#include <string.h>

#include "quant/apply.h"

enum { UINT8_ZERO = 128 };

/* Room for one more tensor and operator at each end. */
static mn_status make_room(mn_graph *graph) {
    size_t ends = (size_t)graph->input_count + (size_t)graph->output_count;
    mn_tensor *tensors = mn_region_alloc(&graph->region, (size_t)graph->tensor_count + ends, sizeof *tensors);
    mn_op *ops = mn_region_alloc(&graph->region, (size_t)graph->op_count + ends, sizeof *ops);
    if (!tensors || !ops) return mn_fail_memory("the quantised graph");
    memcpy(tensors, graph->tensors, (size_t)graph->tensor_count * sizeof *tensors);
    memcpy(ops + graph->input_count, graph->ops, (size_t)graph->op_count * sizeof *ops);
    graph->tensors = tensors;
    graph->ops = ops;
    return MN_OK;
}

/* A tensor of `type` outside the int8 tensor `inner`. */
static mn_status add_outer(mn_graph *graph, int32_t inner, mn_type type, int32_t *out) {
    mn_tensor *inside = &graph->tensors[inner], *outside = &graph->tensors[graph->tensor_count];
    size_t length = strlen(inside->name);
    char *name = mn_region_alloc(&graph->region, length + sizeof "_int8", 1);
    int32_t *zero = mn_region_alloc(&graph->region, 1, sizeof *zero);
    if (!name || !zero) return mn_fail_memory("the quantised graph");
    *outside = *inside;
    outside->type = type;
    outside->bytes = inside->bytes * mn_type_size(type);
    *zero = inside->quant.zero_point[0] + UINT8_ZERO;
    outside->quant.zero_point = zero;
    if (type == MN_FLOAT32) outside->quant = (mn_quant){0};
    snprintf(name, length + sizeof "_int8", "%s_int8", inside->name);
    inside->name = name;
    *out = graph->tensor_count++;
    return MN_OK;
}

static mn_status set_op(mn_graph *graph, mn_op *op, int32_t from, int32_t to) {
    int32_t *ends = mn_region_alloc(&graph->region, 2, sizeof *ends);
    if (!ends) return mn_fail_memory("the quantised graph");
    ends[0] = from;
    ends[1] = to;
    bool to_float = graph->tensors[to].type == MN_FLOAT32, from_float = graph->tensors[from].type == MN_FLOAT32;
    *op = (mn_op){.kind = to_float ? MN_OP_DEQUANTIZE : MN_OP_QUANTIZE,
                  .version = from_float ? 1 : 2,
                  .input_count = 1,
                  .inputs = &ends[0],
                  .output_count = 1,
                  .outputs = &ends[1]};
    return MN_OK;
}

mn_status mn_quant_set_io(mn_graph *graph, mn_type type) {
    if (type == MN_INT8) return MN_OK;
    if (type != MN_UINT8 && type != MN_FLOAT32) {
        return mn_fail(MN_ERROR_ARGUMENT, "%s: inputs and outputs cannot be %s; use int8, uint8 or float32",
                       graph->name, mn_type_name(type));
    }
    MN_TRY(make_room(graph));
    for (int32_t i = 0; i < graph->input_count; i++) {
        int32_t inner = graph->inputs[i];
        MN_TRY(add_outer(graph, inner, type, &graph->inputs[i]));
        MN_TRY(set_op(graph, &graph->ops[i], graph->inputs[i], inner));
    }
    graph->op_count += graph->input_count;
    for (int32_t i = 0; i < graph->output_count; i++) {
        int32_t inner = graph->outputs[i];
        MN_TRY(add_outer(graph, inner, type, &graph->outputs[i]));
        MN_TRY(set_op(graph, &graph->ops[graph->op_count++], inner, graph->outputs[i]));
    }
    return mn_graph_check(graph);
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/lower.h"

#include "plan/bind.h"
#include "plan/fuse.h"

/* Multiply-accumulates of convolutions and FULLY_CONNECTED: all weights of a channel for each of its cells. */
static double macs_of(const mn_shape *shapes, const mn_op *op) {
    if (op->kind != MN_OP_CONV_2D && op->kind != MN_OP_DEPTHWISE_CONV_2D && op->kind != MN_OP_FULLY_CONNECTED) return 0;
    const mn_shape *out = &shapes[op->outputs[0]];
    return (double)mn_shape_count(out) / out->dims[out->rank - 1] * mn_shape_count(&shapes[op->inputs[1]]);
}

/* Elements computed, and those read that are not constant. */
static double elements_of(const mn_graph *graph, const mn_shape *shapes, const mn_op *op) {
    double sum = mn_shape_count(&shapes[op->outputs[0]]);
    for (int32_t i = 0; i < op->input_count; i++) {
        const int32_t tensor = op->inputs[i];
        if (tensor >= 0 && !graph->tensors[tensor].data) sum += mn_shape_count(&shapes[tensor]);
    }
    return sum;
}

mn_work mn_lower_work(const mn_graph *graph, const mn_shape *shapes, int32_t first_op, int32_t op_count,
                      int32_t units) {
    mn_work work = {.units = units};
    for (int32_t i = first_op; i < first_op + op_count; i++) {
        work.macs += macs_of(shapes, &graph->ops[i]);
        work.elements += elements_of(graph, shapes, &graph->ops[i]);
    }
    return work;
}

/* ---- One operator ---------------------------------------------------------------------------------------- */

static void make_alias(const mn_op *op, mn_node *node) {
    node->is_alias = true;
    node->inputs = op->inputs + mn_op_first_input(op->kind);
    node->input_count = 1;
}

static void take_binding(const mn_lowering *l, const mn_op *op, const mn_binding *binding, mn_node *node) {
    node->op = binding->op;
    node->in = binding->in;
    node->out = binding->out;
    node->params = binding->params;
    node->inputs = op->inputs + binding->first_input;
    node->input_count = binding->input_count;
    node->work = mn_lower_work(l->graph, l->shapes, node->first_op, 1, binding->units);
}

/* One node, whatever it computes. */
static mn_status lower_part(const mn_lowering *l, int32_t op_index, mn_candidate *out) {
    const mn_op *op = &l->graph->ops[op_index];
    mn_node *node = mn_region_alloc(l->region, 1, sizeof *node);
    if (!node) return mn_fail_memory("the plan");
    *node = (mn_node){.part = &l->foreign->partition.parts[l->foreign->parts[op_index]],
                      .inputs = op->inputs,
                      .input_count = op->input_count,
                      .outputs = op->outputs,
                      .output_count = op->output_count,
                      .first_op = op_index,
                      .op_count = 1};
    out->nodes = node;
    out->node_count = 1;
    return MN_OK;
}

/* A node for each output. Nothing is left of an operator whose results are constants. */
static mn_status lower_alone(const mn_lowering *l, int32_t op_index, mn_candidate *out) {
    const mn_op *op = &l->graph->ops[op_index];
    *out = (mn_candidate){.op_count = 1};
    if (l->graph->tensors[op->outputs[0]].data) return MN_OK;
    if (l->foreign && l->foreign->parts[op_index] >= 0) return lower_part(l, op_index, out);
    const bool alias = mn_bind_alias(l->shapes, op);
    mn_node *nodes = mn_region_alloc(l->region, (size_t)op->output_count, sizeof *nodes);
    if (!nodes) return mn_fail_memory("the plan");
    mn_binding binding = {0};
    for (int32_t i = 0; i < op->output_count; i++) {
        nodes[i] = (mn_node){.outputs = &op->outputs[i], .output_count = 1, .first_op = op_index, .op_count = 1};
        if (alias) {
            make_alias(op, &nodes[i]);
            continue;
        }
        MN_TRY(mn_bind_part(l->graph, l->shapes, l->region, op_index, i, binding.part_end, &binding));
        take_binding(l, op, &binding, &nodes[i]);
    }
    out->nodes = nodes;
    out->node_count = op->output_count;
    return MN_OK;
}

static mn_status lower_all(mn_lowering *l, bool fuses) {
    const size_t ops = (size_t)l->graph->op_count;
    mn_candidate *alone = mn_region_alloc(l->region, ops, sizeof *alone);
    int32_t *readers = mn_region_alloc(l->region, (size_t)l->graph->tensor_count, sizeof *readers);
    if (!alone || !readers) return mn_fail_memory("the plan");
    l->alone = alone;
    l->readers = readers;
    mn_fuse_count_readers(l->graph, readers);
    for (int32_t i = 0; i < l->graph->op_count; i++) MN_TRY(lower_alone(l, i, &alone[i]));
    for (int32_t i = 0; i < l->graph->op_count; i++) {
        if (fuses) MN_TRY(mn_lower_fused(l, i));
        mn_lower_add(&l->out[i], &alone[i]);
    }
    return MN_OK;
}

void mn_lower_add(mn_candidates *to, const mn_candidate *candidate) { to->list[to->count++] = *candidate; }

mn_status mn_plan_lower(const mn_graph *graph, const mn_foreign *foreign, const mn_shape *shapes, bool fuses,
                        mn_region *region, mn_candidates *out) {
    mn_lowering l = {.graph = graph, .foreign = foreign, .shapes = shapes, .region = region, .out = out};
    return lower_all(&l, fuses);
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/constants.h"

#include "base/checked.h"
#include "plan/bind.h"

/* Bytes that this may read and write in all: enough for 350 MB of float32 weights stored as float16. Other operators
 * than DEQUANTIZE may take longer for a byte, and honest models have few. */
#define BUDGET ((size_t)1 << 30)
enum { DEAR = 16 };

typedef struct computation {
    mn_graph *graph;
    mn_shape *shapes; /* [tensor_count] */
    size_t budget;    /* bytes that operators may still read and write */
} computation;

static bool is_constant(const computation *c, const mn_op *op) {
    for (int32_t i = 0; i < op->input_count; i++) {
        if (op->inputs[i] >= 0 && !c->graph->tensors[op->inputs[i]].data) return false;
    }
    return !c->graph->tensors[op->outputs[0]].data;
}

/* Does the operator do little for each element, and is it known what? Loading a model must not take as long as running
 * it. */
static bool is_quick(mn_op_kind kind) {
    switch (kind) {
    case MN_OP_CONV_2D:
    case MN_OP_DEPTHWISE_CONV_2D:
    case MN_OP_FULLY_CONNECTED:
    case MN_OP_AVERAGE_POOL_2D:
    case MN_OP_MAX_POOL_2D:
    case MN_OP_CUSTOM: return false;
    default: return true;
    }
}

/* Takes what `op` reads and writes from the budget; false when that is more than is left. */
static bool charge(computation *c, const mn_op *op) {
    size_t bytes = 0;
    if (mn_bind_alias(c->shapes, op)) return true;
    for (int32_t i = 0; i < op->input_count; i++) {
        const size_t more = op->inputs[i] < 0 ? 0 : c->graph->tensors[op->inputs[i]].bytes;
        if (!mn_add_size(bytes, more, &bytes)) return false;
    }
    for (int32_t i = 0; i < op->output_count; i++) {
        if (!mn_add_size(bytes, c->graph->tensors[op->outputs[i]].bytes, &bytes)) return false;
    }
    if (op->kind != MN_OP_DEQUANTIZE && !mn_mul_size(bytes, DEAR, &bytes)) return false;
    if (bytes > c->budget) return false;
    c->budget -= bytes;
    return true;
}

/* Types without a kernel are left to the plan, which says so. */
static mn_status run(const computation *c, const mn_op *op, const mn_binding *binding, mn_tensor *result) {
    mn_graph *graph = c->graph;
    mn_kernel_need need;
    const mn_kernel *kernel =
        mn_kernel_choose(binding->op, binding->in, binding->out, &mn_target_any, MN_TIER_REF, binding->params, &need);
    if (!kernel || need.packed_bytes || need.workspace_bytes) return MN_OK;
    const int32_t count = mn_max_i32(binding->input_count, MN_TASK_INPUTS);
    const void **inputs = mn_region_alloc(&graph->region, (size_t)count, sizeof *inputs);
    void *data = mn_region_alloc(&graph->region, result->bytes, 1);
    if (!inputs || !data) return mn_fail_memory("constant weights");
    for (int32_t i = 0; i < binding->input_count; i++) {
        const int32_t tensor = op->inputs[binding->first_input + i];
        inputs[i] = tensor < 0 ? NULL : graph->tensors[tensor].data;
    }
    const mn_task task = {.params = binding->params, .inputs = inputs, .output = data};
    kernel->run(&task, 0, binding->units);
    result->data = data;
    return MN_OK;
}

static mn_status compute(const computation *c, int32_t op_index) {
    const mn_op *op = &c->graph->ops[op_index];
    const bool alias = mn_bind_alias(c->shapes, op);
    mn_binding binding = {0};
    for (int32_t i = 0; i < op->output_count; i++) {
        mn_tensor *result = &c->graph->tensors[op->outputs[i]];
        if (alias) {
            result->data = c->graph->tensors[op->inputs[mn_op_first_input(op->kind)]].data;
            continue;
        }
        MN_TRY(mn_bind_part(c->graph, c->shapes, &c->graph->region, op_index, i, binding.part_end, &binding));
        MN_TRY(run(c, op, &binding, result));
    }
    return MN_OK;
}

mn_status mn_graph_compute_constants(mn_graph *graph) {
    computation c = {.graph = graph, .budget = BUDGET};
    c.shapes = mn_region_alloc(&graph->region, (size_t)graph->tensor_count, sizeof *c.shapes);
    if (!c.shapes) return mn_fail_memory("constant weights");
    for (int32_t i = 0; i < graph->tensor_count; i++) c.shapes[i] = mn_tensor_shape(&graph->tensors[i]);
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        if (is_constant(&c, op) && is_quick(op->kind) && charge(&c, op)) MN_TRY(compute(&c, i));
    }
    return MN_OK;
}

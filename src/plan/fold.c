/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/fold.h"

#include <stdlib.h>

#include "plan/bind.h"

static mn_status fold(mn_graph *graph, const mn_shape *shapes, int32_t op_index) {
    mn_tensor_info *result = &graph->tensors[graph->ops[op_index].outputs[0]];
    const void *input = graph->tensors[graph->ops[op_index].inputs[0]].data;
    mn_binding binding;
    MN_TRY(mn_bind(graph, shapes, &graph->pool, op_index, &binding));
    mn_kernel_need need;
    const mn_kernel *kernel =
        mn_kernel_choose(binding.op, binding.in, binding.out, MN_TIER_REF, 0, binding.params, &need);
    void *data = mn_pool_alloc(&graph->pool, result->bytes, 1);
    if (!kernel || !data) return mn_fail_memory("constant weights");
    mn_task task = {.params = binding.params, .inputs = &input, .output = data};
    kernel->run(&task, 0, binding.units);
    result->data = data;
    return MN_OK;
}

mn_status mn_graph_fold_constants(mn_graph *graph) {
    mn_shape *shapes = mn_pool_alloc(&graph->pool, (size_t)graph->tensor_count, sizeof *shapes);
    if (!shapes) return mn_fail_memory("constant weights");
    for (int32_t i = 0; i < graph->tensor_count; i++) shapes[i] = mn_tensor_shape(&graph->tensors[i]);
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        if (op->kind == MN_OP_DEQUANTIZE && graph->tensors[op->inputs[0]].data) MN_TRY(fold(graph, shapes, i));
    }
    return MN_OK;
}

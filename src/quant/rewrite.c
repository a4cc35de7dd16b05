/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/rewrite.h"

#include <string.h>

#include "graph/shape.h"

/* Room for one more tensor and operator each. */
static mn_status make_room(mn_graph *graph) {
    size_t ops = (size_t)graph->op_count, tensors = (size_t)graph->tensor_count;
    mn_op *more_ops = mn_region_alloc(&graph->region, 2 * ops, sizeof *more_ops);
    mn_tensor *more_tensors = mn_region_alloc(&graph->region, tensors + 2 * ops, sizeof *more_tensors);
    if (!more_ops || !more_tensors) return mn_fail_memory("the model's operators");
    memcpy(more_ops, graph->ops, ops * sizeof *more_ops);
    memcpy(more_tensors, graph->tensors, tensors * sizeof *more_tensors);
    graph->ops = more_ops;
    graph->tensors = more_tensors;
    return MN_OK;
}

/* A new tensor that is like `as`. */
static int32_t add_tensor(mn_graph *graph, const mn_tensor *as) {
    graph->tensors[graph->tensor_count] = *as;
    return graph->tensor_count++;
}

static mn_status set_product(mn_graph *graph, mn_op *op, int32_t a, int32_t b, mn_activation activation) {
    int32_t *factors = mn_region_alloc(&graph->region, 2, sizeof *factors);
    if (!factors) return mn_fail_memory("the model's operators");
    factors[0] = a;
    factors[1] = b;
    *op = (mn_op){.kind = MN_OP_MUL,
                  .version = 1,
                  .input_count = 2,
                  .inputs = factors,
                  .output_count = 1,
                  .outputs = op->outputs,
                  .attr = {.activation = activation}};
    return MN_OK;
}

static int32_t uses_of(const mn_op *ops, int32_t count, int32_t tensor) {
    int32_t uses = 0;
    for (int32_t i = 0; i < count; i++) {
        for (int32_t k = 0; k < ops[i].input_count; k++) uses += ops[i].inputs[k] == tensor;
    }
    return uses;
}

static mn_status divide(mn_graph *graph, mn_op *op, bool alone) {
    const mn_tensor by = *mn_graph_input(graph, op, 1);
    const float *values = by.data;
    float *inverse = mn_region_alloc(&graph->region, by.bytes, 1);
    if (!inverse) return mn_fail_memory("the model's constants");
    for (size_t i = 0; i < by.bytes / sizeof *values; i++) inverse[i] = 1 / values[i];
    int32_t factor = alone ? op->inputs[1] : add_tensor(graph, &by);
    graph->tensors[factor].data = inverse;
    return set_product(graph, op, op->inputs[0], factor, op->attr.activation);
}

/* Elements that become one. */
static float summed(const mn_graph *graph, const mn_op *op) {
    const mn_tensor *in = mn_graph_input(graph, op, 0), *out = mn_graph_output(graph, op, 0);
    return (float)in->bytes / (float)out->bytes;
}

/* Appends the product behind what was SUM and is a MEAN now. */
static mn_status sum_by_mean(mn_graph *graph, mn_op *op, mn_op *product) {
    static const char name[] = "elements", mean_name[] = "mean";
    mn_tensor smaller = *mn_graph_output(graph, op, 0);
    float *count = mn_region_alloc(&graph->region, 1, sizeof *count);
    int32_t *mean = mn_region_alloc(&graph->region, 1, sizeof *mean);
    if (!count || !mean) return mn_fail_memory("the model's constants");
    *count = summed(graph, op);
    const int32_t factor =
        add_tensor(graph, &(mn_tensor){.name = name, .type = MN_FLOAT32, .bytes = sizeof *count, .data = count});
    smaller.name = mean_name;
    *mean = add_tensor(graph, &smaller);
    *product = (mn_op){.outputs = op->outputs};
    op->kind = MN_OP_MEAN;
    op->version = 1;
    op->outputs = mean;
    return set_product(graph, product, *mean, factor, MN_ACT_NONE);
}

static bool is_foreign(mn_op_kind kind) { return kind == MN_OP_SQUARE || kind == MN_OP_DIV || kind == MN_OP_SUM; }

mn_status mn_quant_rewrite(mn_graph *graph) {
    const int32_t count = graph->op_count;
    const mn_op *from = graph->ops;
    int32_t found = 0;
    for (int32_t i = 0; i < count; i++) found += is_foreign(from[i].kind);
    if (found == 0) return MN_OK;
    MN_TRY(make_room(graph));
    graph->op_count = 0;
    for (int32_t i = 0; i < count; i++) {
        mn_op *op = &graph->ops[graph->op_count++];
        *op = from[i];
        switch (op->kind) {
        case MN_OP_SQUARE: MN_TRY(set_product(graph, op, op->inputs[0], op->inputs[0], MN_ACT_NONE)); break;
        case MN_OP_DIV: MN_TRY(divide(graph, op, uses_of(from, count, op->inputs[1]) == 1)); break;
        case MN_OP_SUM: MN_TRY(sum_by_mean(graph, op, &graph->ops[graph->op_count++])); break;
        default: break;
        }
    }
    return mn_graph_check(graph);
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "session/batch.h"

mn_status mn_batch_inputs(const mn_graph *graph, int32_t batch, mn_shape *inputs) {
    for (int32_t i = 0; i < graph->input_count; i++) {
        if (inputs[i].rank < 1 || inputs[i].dims[0] != 1) {
            char text[MN_SHAPE_TEXT];
            return mn_fail(MN_ERROR_UNSUPPORTED, "%s: input %d has shape %s; for a batch its first dimension must be 1",
                           graph->name, i, mn_shape_text(&inputs[i], text));
        }
        inputs[i].dims[0] = batch;
    }
    return MN_OK;
}

static bool is_computed(const mn_graph *graph, int32_t tensor) {
    return tensor >= 0 && graph->tensors[tensor].data == NULL;
}

/* Were the first dimensions 1 and are they `batch`? Operands of different ranks would meet in other dimensions. */
static bool keeps_images_apart(const mn_graph *graph, const mn_op *op, int32_t batch, const mn_shape *shapes) {
    const int32_t output = op->outputs[0];
    if (shapes[output].rank < 1 || shapes[output].rank != graph->tensors[output].rank) return false;
    if (shapes[output].dims[0] != batch || graph->tensors[output].dims[0] != 1) return false;
    if (op->kind != MN_OP_ADD && op->kind != MN_OP_SUB && op->kind != MN_OP_MUL) return true;
    for (int32_t i = 0; i < op->input_count; i++) {
        if (is_computed(graph, op->inputs[i]) && shapes[op->inputs[i]].rank != shapes[output].rank) return false;
    }
    return true;
}

mn_status mn_batch_check(const mn_graph *graph, int32_t batch, const mn_shape *shapes) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        if (!is_computed(graph, op->outputs[0]) || keeps_images_apart(graph, op, batch, shapes)) continue;
        char text[MN_SHAPE_TEXT];
        return mn_graph_fail(graph, i, MN_ERROR_UNSUPPORTED,
                             "the result of shape %s does not keep the images of a batch of %d apart; run them one by "
                             "one",
                             mn_shape_text(&shapes[op->outputs[0]], text), batch);
    }
    return MN_OK;
}

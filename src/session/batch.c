/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "session/batch.h"

#include <stdlib.h>

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

/* How the first dimension of a tensor stands for a batch. */
typedef enum batching {
    IMAGES, /* an index is an image */
    ROWS,   /* so many in a row are one: what Keras' Dense on several dimensions makes */
    PIECES  /* what SPACE_TO_BATCH_ND makes, which BATCH_TO_SPACE_ND joins again */
} batching;

/* Does `op` treat every index of the first dimension alone, or leave their order? */
static bool takes_rows(mn_op_kind kind) {
    switch (kind) {
    case MN_OP_RESHAPE:
    case MN_OP_FULLY_CONNECTED:
    case MN_OP_RELU:
    case MN_OP_RELU6:
    case MN_OP_LOGISTIC:
    case MN_OP_TANH:
    case MN_OP_HARD_SWISH:
    case MN_OP_ELU:
    case MN_OP_LEAKY_RELU:
    case MN_OP_QUANTIZE:
    case MN_OP_DEQUANTIZE: return true;
    default: return false;
    }
}

static bool takes_pieces(mn_op_kind kind) {
    return kind == MN_OP_CONV_2D || kind == MN_OP_DEPTHWISE_CONV_2D || kind == MN_OP_BATCH_TO_SPACE_ND;
}

/* What `op` makes of an operand that stands for a batch in the way of `in`: `one` indices for each image. False when it
 * mixes images. */
static bool batch_of(const mn_op *op, batching in, int32_t one, batching *out) {
    *out = IMAGES;
    if (op->kind == MN_OP_SPACE_TO_BATCH_ND) {
        *out = PIECES;
        return in == IMAGES;
    }
    if (in == PIECES) {
        if (op->kind != MN_OP_BATCH_TO_SPACE_ND) *out = PIECES;
        return takes_pieces(op->kind);
    }
    if (one != 1) *out = ROWS;
    return (in == IMAGES && one == 1) || takes_rows(op->kind);
}

/* Were the first dimensions 1 and are they `batch`, or as many times what they were? Operands of different ranks would
 * meet in other dimensions. */
static bool keeps_images_apart(const mn_graph *graph, const mn_op *op, int32_t output, int32_t batch,
                               const mn_shape *shapes, batching *how) {
    if (shapes[output].rank < 1 || shapes[output].rank != graph->tensors[output].rank) return false;
    const int32_t one = graph->tensors[output].dims[0];
    if (shapes[output].dims[0] != (int64_t)batch * one) return false;
    for (int32_t i = 0; i < op->input_count; i++) {
        if (!is_computed(graph, op->inputs[i])) continue;
        if (!batch_of(op, how[op->inputs[i]], one, &how[output])) return false;
    }
    if (!mn_op_is_binary(op->kind)) return true;
    for (int32_t i = 0; i < op->input_count; i++) {
        if (is_computed(graph, op->inputs[i]) && shapes[op->inputs[i]].rank != shapes[output].rank) return false;
    }
    return true;
}

static mn_status check_ops(const mn_graph *graph, int32_t batch, const mn_shape *shapes, batching *how) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        for (int32_t k = 0; k < op->output_count; k++) {
            const int32_t output = op->outputs[k];
            if (!is_computed(graph, output) || keeps_images_apart(graph, op, output, batch, shapes, how)) continue;
            char text[MN_SHAPE_TEXT];
            return mn_graph_fail(graph, i, MN_ERROR_UNSUPPORTED,
                                 "the result of shape %s does not keep the images of a batch of %d apart; run them one "
                                 "by one",
                                 mn_shape_text(&shapes[output], text), batch);
        }
    }
    return MN_OK;
}

/* Results belong to one image each. */
static mn_status check_outputs(const mn_graph *graph, const batching *how) {
    for (int32_t i = 0; i < graph->output_count; i++) {
        if (how[graph->outputs[i]] == IMAGES) continue;
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: output %d has several rows for each image; run them one by one",
                       graph->name, i);
    }
    return MN_OK;
}

mn_status mn_batch_check(const mn_graph *graph, int32_t batch, const mn_shape *shapes) {
    batching *how = calloc((size_t)graph->tensor_count, sizeof *how); /* IMAGES */
    if (!how) return mn_fail_memory("the batch");
    mn_status status = check_ops(graph, batch, shapes, how);
    if (status == MN_OK) status = check_outputs(graph, how);
    free(how);
    return status;
}

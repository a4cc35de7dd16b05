/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Integers that follow from shapes: what SHAPE gives, and what operators on integers make of it and of constants.
 * Keras' Flatten, for one, becomes SHAPE, STRIDED_SLICE and PACK, which only say how RESHAPE keeps a batch. No kernel
 * computes them: they are known as soon as shapes are, and again when inputs are resized. */
#ifndef MN_GRAPH_KNOWN_H
#define MN_GRAPH_KNOWN_H

#include "graph/shape.h"

/** Start with {.graph = graph}. */
typedef struct mn_known {
    const mn_graph *graph;
    mn_region region;
    const int64_t **values; /* [tensor_count], NULL: not known, or constant and not asked for; NULL until needed */
} mn_known;

void mn_known_free(mn_known *known);

/** Lists of more integers than this are not followed. */
#define MN_KNOWN_MAX 64

/** The integers of `tensor` in *out; NULL when it holds other things or does not follow from shapes. Errors: MEMORY. */
mn_status mn_known_get(mn_known *known, const mn_shape *shapes, int32_t tensor, const int64_t **out);

/** Works the results of operator `op_index` out, if they are integers that follow from shapes. The shapes of its
 * operands and results are known. Errors: MEMORY. */
mn_status mn_known_compute(mn_known *known, const mn_shape *shapes, int32_t op_index);

/** Is this an operator whose results are integers, and not CUSTOM? No kernel runs it. */
bool mn_known_wanted(const mn_graph *graph, const mn_op *op);

#endif

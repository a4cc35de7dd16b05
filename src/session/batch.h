/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Several images in one run, each with the answer it gets alone. */
#ifndef MN_SESSION_BATCH_H
#define MN_SESSION_BATCH_H

#include "graph/graph.h"
#include "graph/shape.h"

/** Makes the first dimension of each of the graph's inputs `batch` times as long: [input_count] shapes, whose first
 *  dimensions must be 1. Errors: UNSUPPORTED. */
mn_status mn_batch_inputs(const mn_graph *graph, int32_t batch, mn_shape *inputs);

/** Checks that no operator mixes images: in each of the [tensor_count] shapes that follow from such inputs the first
 *  dimension of everything computed counts the images, or rows or pieces of them that are put together again. Errors:
 *  UNSUPPORTED, MEMORY. */
mn_status mn_batch_check(const mn_graph *graph, int32_t batch, const mn_shape *shapes);

#endif

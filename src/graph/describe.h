/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Facts about tensors and operators for people and reports. */
#ifndef MN_GRAPH_DESCRIBE_H
#define MN_GRAPH_DESCRIBE_H

#include "graph/graph.h"

/** Fills every field of `out` for `tensor`. */
void mn_tensor_describe(const mn_tensor *tensor, mn_tensor_info *out);

/** The tensor that `info` describes. */
mn_tensor mn_tensor_of(const mn_tensor_info *info);

/** Fills every field of `out` for `op`, with the shapes that the graph's tensors carry. */
void mn_graph_describe(const mn_graph *graph, const mn_op *op, mn_op_info *out);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A part of mn_graph_check. */
#ifndef MN_GRAPH_CHECK_TYPES_H
#define MN_GRAPH_CHECK_TYPES_H

#include "graph/graph.h"

/** Are the types, scales and zero points of an operator's tensors those that TFLite allows and kernels have? Operands
 * and shapes are in order. Errors: FORMAT, UNSUPPORTED, LIMIT. */
mn_status mn_check_types(const mn_graph *graph, int32_t op_index);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Computing once, at load, what never changes. */
#ifndef MN_PLAN_CONSTANTS_H
#define MN_PLAN_CONSTANTS_H

#include "graph/graph.h"

/** Runs every operator whose operands are all constant, apart from convolutions, pools and FULLY_CONNECTED, with the
 *  reference kernels, and makes its outputs constants of the graph, owned by graph->region: above all DEQUANTIZE of
 *  float16 or quantised weights. The operator stays in the list; the plan skips it. What would take over 1 GiB in all
 * is left to the runs. Integers that follow from shapes are known before (graph/known.h). Errors: MEMORY. */
mn_status mn_graph_compute_constants(mn_graph *graph);

#endif

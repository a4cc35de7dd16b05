/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Computing once, at load, what never changes. */
#ifndef MN_PLAN_FOLD_H
#define MN_PLAN_FOLD_H

#include "graph/graph.h"

/** Runs every DEQUANTIZE of a constant (float16 or quantised weights) and makes its output a constant of the
 *  graph, owned by graph->pool. The operator stays in the list; the plan skips it. Errors: MEMORY. */
mn_status mn_graph_fold_constants(mn_graph *graph);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Nodes of TensorFlow Lite's interpreter as a graph. */
#ifndef MN_PLUGIN_IMPORT_H
#define MN_PLUGIN_IMPORT_H

#include "delegate/tflite_abi.h"
#include "graph/graph.h"

typedef struct mn_import {
    tfl_context *context; /* whose graph can be looked at: in a delegate's `prepare` and a registration's `init` */
    int32_t count;
    const int32_t *nodes; /* [count] numbers of nodes, in an order in which they can run */
    /* What others give and take: tensors, constants among those given. NULL: what the nodes read and none of them
     * writes; what they write and none of them reads. */
    const tfl_int_array *inputs, *outputs;
} mn_import;

/** Makes a graph with the interpreter's numbers and names of tensors; operator i is called by its node's number. Names,
 *  contents and scales stay the interpreter's, which must outlive *out. What a reader of files verifies of operators
 * and their options is verified; the rest is for mn_graph_check_given() and mn_graph_check(). Errors: UNSUPPORTED,
 * FORMAT, LIMIT, MEMORY. */
mn_status mn_import_graph(const mn_import *from, mn_graph *out);

#endif

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

typedef struct mn_imported {
    mn_graph graph;         /* owns `numbers` */
    const int32_t *numbers; /* [graph.tensor_count]: the interpreter's numbers of its tensors, ascending */
} mn_imported;

/** Makes a graph of those tensors that the nodes name; operators are called by their nodes' numbers. Names, contents
 * and scales stay the interpreter's, which must outlive *out. What a reader of files verifies of operators and their
 * options is verified; the rest is for mn_graph_check_given() and mn_graph_check(). Errors: UNSUPPORTED, FORMAT, LIMIT,
 * MEMORY. */
mn_status mn_import_graph(const mn_import *from, mn_imported *out);

#endif

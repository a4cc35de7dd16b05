/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From a graph to the bytes of a .tflite file. */
#ifndef MN_TFLITE_WRITE_H
#define MN_TFLITE_WRITE_H

#include "graph/graph.h"

/** Serialises a graph that passed mn_graph_check(). Tensors with equal `data` pointers share one buffer; buffers are
 *  aligned to 16 bytes; equal graphs give equal bytes. As TensorFlow does, it adds a signature "serving_default" with
 *  the names of the graph's inputs and outputs, and the oldest runtime for the operators as metadata. On success the
 * caller owns *data, to be freed with free(). Errors: MEMORY, LIMIT (over 2 GiB). */
mn_status mn_tflite_write(const mn_graph *graph, uint8_t **data, size_t *bytes);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From the bytes of a .tflite file to a graph. Together with write.h the only place that knows FlatBuffers and the
 * schema. */
#ifndef MN_TFLITE_READ_H
#define MN_TFLITE_READ_H

#include "graph/graph.h"

/** Fills `graph` from the file held in `data`, which must outlive it: constants and scales stay where they are in
 *  the file, except those misaligned for their type. `name` stands for the file in error sentences; copied.
 *
 *  Everything structural is verified: offsets, sizes, indices, operator versions, types, shapes, quantisation
 *  parameters, sizes of constants, options. Whether operators fit their tensors is for mn_graph_check().
 *  On failure `graph` is untouched. Errors: MEMORY, FORMAT, UNSUPPORTED, LIMIT. */
mn_status mn_tflite_read(const void *data, size_t bytes, const char *name, mn_graph *graph);

#endif

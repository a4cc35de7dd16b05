/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* TFLite metadata: what a maker says of pixels and classes, in a FlatBuffer of its own (metadata_schema.fbs of
 * tensorflow/tflite-support, identifier M001) inside a buffer of the model, and in files behind the model. */
#ifndef MN_TFLITE_METADATA_H
#define MN_TFLITE_METADATA_H

#include "tflite/reader.h"

/** Fills graph->meaning from the model's metadata and the files behind it, `data` being the whole file. The graph has
 *  been read. What does not fit the graph, such as other numbers of labels than classes, is left out.
 *  Errors: FORMAT (a metadata buffer whose offsets lead astray), MEMORY. */
mn_status mn_tfl_read_metadata(mn_tfl_reader *reader, const mn_fb_table *model, const void *data, size_t bytes);

/** The metadata buffer for graph->meaning, which says something; freed with free(). Errors: MEMORY, LIMIT. */
mn_status mn_tfl_make_metadata(const mn_graph *graph, uint8_t **data, size_t *bytes);

/** Appends the files that it refers to. Errors: MEMORY, LIMIT. */
mn_status mn_tfl_append_files(const mn_graph *graph, uint8_t **data, size_t *bytes);

#endif

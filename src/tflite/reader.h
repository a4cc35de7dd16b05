/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the parts of the reader share. read.c opens the file and walks it; read_tensor.c, read_operator.c and
 * read_options.c fill one object each. */
#ifndef MN_TFLITE_READER_H
#define MN_TFLITE_READER_H

#include "graph/graph.h"
#include "tflite/schema.h"

/** What the model does with a tensor. */
enum {
    MN_TFL_ROLE_INPUT = 1,
    MN_TFL_ROLE_READ = 2,
    MN_TFL_ROLE_WRITTEN = 4,
    MN_TFL_ROLE_CUSTOM = 8 /* read by a CUSTOM operator */
};

typedef struct mn_tfl_reader {
    mn_fb fb;
    mn_graph *graph;
    mn_fb_vector operator_codes;
    mn_fb_vector buffers;
    uint8_t *roles;       /* [tensor_count], in the graph's region: MN_TFL_ROLE_*; 0: nothing names the tensor */
    const int32_t *zeros; /* [zero_count], in the graph's region: zero points of tensors that have no others */
    size_t zero_count;
} mn_tfl_reader;

/** Fills graph->tensors[index] from a Tensor table; roles are known. Of one that nothing names only the name is read.
 */
mn_status mn_tfl_read_tensor(mn_tfl_reader *reader, const mn_fb_table *table, int32_t index);

/** Fills kind, inputs and outputs of graph->ops[index] from an Operator table; the number of tensors is known. */
mn_status mn_tfl_read_operator(mn_tfl_reader *reader, const mn_fb_table *table, int32_t index);

/** Fills graph->ops[index].attr; the rest of it and all tensors have been read. */
mn_status mn_tfl_read_options(mn_tfl_reader *reader, const mn_fb_table *table, int32_t index);

/** Where a list of tensors may hold -1, if not at one position. */
enum { MN_TFL_NOWHERE = -1, MN_TFL_ANYWHERE = -2 };

/** A list of tensor indices; an entry may be -1 only at position `optional`. */
mn_status mn_tfl_read_indices(mn_tfl_reader *reader, const mn_fb_table *table, mn_fb_field field, int32_t optional,
                              int32_t *count, int32_t **out);

/** Fields of a table with contents: a vector of bytes, or their place elsewhere in the file. */
typedef struct mn_tfl_contents {
    mn_fb_field inside, offset, size;
} mn_tfl_contents;

/** The contents of such a table, and of a Buffer table; *bytes is 0 when there are none. */
mn_status mn_tfl_read_contents(const mn_tfl_reader *reader, const mn_fb_table *table, const mn_tfl_contents *fields,
                               const uint8_t **data, size_t *bytes);
mn_status mn_tfl_read_buffer(const mn_tfl_reader *reader, const mn_fb_table *buffer, const uint8_t **data,
                             size_t *bytes);

/** Fills graph->signatures; the rest of the graph has been read. */
mn_status mn_tfl_read_signatures(mn_tfl_reader *reader, const mn_fb_table *model);

/** A string field as printable text in the graph's region; "" when absent. */
mn_status mn_tfl_read_text(mn_tfl_reader *reader, const mn_fb_table *table, mn_fb_field field, const char **out);

#endif

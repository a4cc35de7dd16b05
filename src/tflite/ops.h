/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the schema says of operators: names and codes of all, options tables of those in graph/ops.def. */
#ifndef MN_TFLITE_OPS_H
#define MN_TFLITE_OPS_H

#include "graph/graph.h"
#include "tflite/schema.h"

/** Name of the builtin operator with this code, "RESIZE_BILINEAR"; NULL for a code newer than this list. */
const char *mn_tfl_code_name(int32_t code);

/** The kind behind a builtin code; false when it is not implemented. */
bool mn_tfl_op_find(int32_t code, mn_op_kind *out);

int32_t mn_tfl_op_code(mn_op_kind kind);

/** Highest operator version that is read. */
int32_t mn_tfl_op_max_version(mn_op_kind kind);

/** The oldest TensorFlow Lite that runs this version of an operator, as 10000 major + 100 minor + patch. */
int32_t mn_tfl_op_runtime(mn_op_kind kind, int32_t version);

/** Which table holds the options of a kind, and whether a model without it is damaged. */
typedef struct mn_tfl_op_options {
    mn_tfl_options type;
    bool required;
} mn_tfl_op_options;

mn_tfl_op_options mn_tfl_op_options_of(mn_op_kind kind);

#endif

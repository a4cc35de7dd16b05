/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Options of operators as TensorFlow Lite's interpreter has them. */
#ifndef MN_PLUGIN_FIELDS_H
#define MN_PLUGIN_FIELDS_H

#include "graph/graph.h"
#include "tflite/given.h"

/** Puts the struct `options` of an operator of this kind and version under the schema's field numbers. Reads only
 * fields that runtimes with this version of the operator have. */
void mn_fields_take(mn_op_kind kind, int32_t version, const void *options, mn_tfl_given *out);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Options of operators that come from no file: an interpreter of TensorFlow Lite shows a delegate structs instead. Put
 * under the schema's field numbers they are read, and refused, by the same code. */
#ifndef MN_TFLITE_GIVEN_H
#define MN_TFLITE_GIVEN_H

#include "graph/graph.h"

/** Most fields of an options table, and entries of the one list that some have. */
enum { MN_TFL_GIVEN_FIELDS = 8, MN_TFL_GIVEN_ENTRIES = 8 };

/** What an options table would hold. */
typedef struct mn_tfl_given {
    uint32_t set;                          /* bit i: field i has a value; others have the schema's default */
    int32_t value[MN_TFL_GIVEN_FIELDS];    /* of field i; a float is there as its bits */
    uint32_t list_count;                   /* RESHAPE's new_shape, SQUEEZE's squeeze_dims */
    uint8_t list[MN_TFL_GIVEN_ENTRIES][4]; /* little-endian, as in files */
} mn_tfl_given;

/** Fills graph->ops[index].attr; the rest of the operator, and the tensors it names, are there and have no empty
 *  dimension. `given` NULL: it has no options. Errors: FORMAT, UNSUPPORTED, LIMIT. */
mn_status mn_tfl_take_options(mn_graph *graph, int32_t index, const mn_tfl_given *given);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the readers of operator attributes share: read_options.c, and read_move.c for operators that move elements. */
#ifndef MN_TFLITE_OPTIONS_H
#define MN_TFLITE_OPTIONS_H

#include "tflite/reader.h"

/* The operator whose attributes are being read. */
typedef struct mn_tfl_scope {
    const mn_graph *graph;
    const mn_op *op;
    int32_t index;
    bool present;        /* has an options table */
    mn_fb_table options; /* valid when present */
} mn_tfl_scope;

mn_status mn_tfl_read_flag(const mn_tfl_scope *s, mn_fb_field field, bool *out);

/** Input `i`, which must be a constant list (or a single number) of integers. */
mn_status mn_tfl_constant_input(const mn_tfl_scope *s, int32_t i, const char *what, const mn_tensor **out);
mn_status mn_tfl_constant_list(const mn_tfl_scope *s, int32_t i, const char *what, const mn_tensor **out,
                               int32_t *count);

/** Is input `i` integers that other operators compute? Whether they follow from shapes is seen later (graph/known.h).
 */
bool mn_tfl_is_computed(const mn_tfl_scope *s, int32_t i);

/** Appends an axis. Which ones exist depends on the input's shape, which is inferred later. */
mn_status mn_tfl_add_axis(const mn_tfl_scope *s, int64_t axis, mn_op_attr *attr);

/** Constant pairs in input `input`, one for each of list_count dimensions. */
mn_status mn_tfl_read_pads(const mn_tfl_scope *s, int32_t input, mn_op_attr *attr);

/** The attributes of the operators that read_move.c knows. */
mn_status mn_tfl_read_move(const mn_tfl_scope *s, mn_op_attr *attr);

#endif

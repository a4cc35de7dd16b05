/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the readers of operator attributes share: read_options.c, and read_move.c for operators that move elements.
 * Whether options come from a file or from an interpreter only the functions mn_tfl_option_*() know. */
#ifndef MN_TFLITE_OPTIONS_H
#define MN_TFLITE_OPTIONS_H

#include "tflite/given.h"
#include "tflite/reader.h"

/* The operator whose attributes are being read. */
typedef struct mn_tfl_scope {
    const mn_graph *graph;
    const mn_op *op;
    int32_t index;
    bool present;              /* has an options table */
    mn_fb_table options;       /* valid when present, and `given` is NULL */
    const mn_tfl_given *given; /* what stands for the table where there is no file */
} mn_tfl_scope;

/** Field `field` of the options, which are present; `fallback` is the schema's default. */
mn_status mn_tfl_option_u8(const mn_tfl_scope *s, mn_fb_field field, uint8_t fallback, int32_t *out);
mn_status mn_tfl_option_i32(const mn_tfl_scope *s, mn_fb_field field, int32_t fallback, int32_t *out);
mn_status mn_tfl_option_f32(const mn_tfl_scope *s, mn_fb_field field, float fallback, float *out);

/** A list of 32-bit integers, little-endian. */
mn_status mn_tfl_option_list(const mn_tfl_scope *s, mn_fb_field field, mn_fb_vector *out);

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

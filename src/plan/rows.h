/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which rows of its inputs a node needs for a row of its output, as far as it can run row by row. */
#ifndef MN_PLAN_ROWS_H
#define MN_PLAN_ROWS_H

#include "graph/shape.h"
#include "kernels/params.h"
#include "plan/lower.h"

typedef enum mn_row_kind {
    MN_ROWS_NONE,   /* runs all at once */
    MN_ROWS_WINDOW, /* a unit is a row; it needs the rows of the first input that lie under a window, in a ring that the
                       kernel must honour (mn_kernel_traits.rings) */
    MN_ROWS_ALIKE,  /* row y needs row y alone, and all rows are alike: units [0, row_units) make the one that the
                       task's pointers are at */
} mn_row_kind;

/** How a node runs row by row. Rows are those of all images, counted through. */
typedef struct mn_row_form {
    mn_row_kind kind;
    int32_t row_units;
    uint32_t moving;  /* bit i: input i is read by rows, the others as a whole */
    mn_window window; /* MN_ROWS_WINDOW, with a dilation of 1 for pools */
} mn_row_form;

/** The form of `node`, whatever its kernel; `shapes` are those of all tensors. */
mn_row_form mn_plan_row_form(const mn_shape *shapes, const mn_node *node);

/** Rows of a tensor of images, and bytes of one; 0 rows of any other. */
int32_t mn_plan_row_count(const mn_shape *shape);
size_t mn_plan_row_bytes(const mn_shape *shape, mn_type type);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What STRIDED_SLICE and SLICE take of a tensor of known shape. */
#ifndef MN_GRAPH_SLICE_H
#define MN_GRAPH_SLICE_H

#include "graph/shape.h"

/** For each dimension of the input: the first index taken, the distance to the next, and how many. */
typedef struct mn_slice_part {
    int32_t rank;
    int32_t begin[MN_MAX_RANK];
    int32_t step[MN_MAX_RANK]; /* not 0 */
    int32_t count[MN_MAX_RANK];
} mn_slice_part;

/** Applies `slice` to shape `x`: what is taken, and the shape of the result. NULL when that works, else what is wrong
 *  with entry `*entry`: "has a step of 0". */
const char *mn_slice_apply(const mn_slice *slice, const mn_shape *x, mn_slice_part *part, mn_shape *out,
                           int32_t *entry);

#endif

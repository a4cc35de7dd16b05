/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the parts of shape inference share: shape.c walks the operators, shape_move.c knows those that move elements. */
#ifndef MN_GRAPH_INFER_H
#define MN_GRAPH_INFER_H

#include "graph/known.h"
#include "graph/shape.h"

/** The operator whose results are being inferred. */
typedef struct inference {
    const mn_graph *graph;
    const mn_op *op;
    int32_t op_index;
    const mn_shape *shapes;
    mn_known *known;
    const mn_custom_shapes *custom; /* NULL: the shapes are the file's */
} inference;

/** Shape of input `i`, which the check of operand counts has made sure of. */
static inline const mn_shape *input(const inference *in, int32_t i) { return &in->shapes[in->op->inputs[i]]; }

/** As mn_graph_infer_shapes(); the integers that follow from shapes are left in `known`, which the caller frees.
 * Without `custom` the shapes of the file are taken for what CUSTOM operators compute, whatever their inputs. */
mn_status mn_graph_infer(const mn_graph *graph, mn_shape *shapes, mn_known *known, const mn_custom_shapes *custom);

/** Sentences. */
mn_status mn_infer_mismatch(const inference *in, const char *what, const mn_shape *a, const mn_shape *b);
mn_status mn_infer_rank(const inference *in, const char *what, const mn_shape *shape, int32_t rank);

/** The axes of the attributes as flags per dimension; negative ones count from the end. */
mn_status mn_infer_axes(const inference *in, int32_t rank, bool flags[MN_MAX_RANK]);

/** The list of the attributes or, where it is computed, the integers of operand `i`, called `what`, as a shape. */
mn_status mn_infer_list(const inference *in, int32_t i, const char *what, mn_shape *out);

/** The slice of STRIDED_SLICE or SLICE; where it is computed, operands 1 and on are asked. */
mn_status mn_infer_known_slice(const inference *in, mn_slice *slice);

/* Operators that move elements. */
mn_status mn_infer_resize(const inference *in, mn_shape *out);
mn_status mn_infer_slice(const inference *in, mn_shape *out);
mn_status mn_infer_split(const inference *in, int32_t i, mn_shape *out);
mn_status mn_infer_pack(const inference *in, mn_shape *out);
mn_status mn_infer_unpack(const inference *in, mn_shape *out);
mn_status mn_infer_expand_dims(const inference *in, mn_shape *out);
mn_status mn_infer_tile(const inference *in, mn_shape *out);
mn_status mn_infer_gather(const inference *in, mn_shape *out);
mn_status mn_infer_shape(const inference *in, mn_shape *out);
mn_status mn_infer_space_to_batch(const inference *in, mn_shape *out);
mn_status mn_infer_batch_to_space(const inference *in, mn_shape *out);

#endif

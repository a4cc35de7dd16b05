/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Shapes: what each operator makes of the shapes it is given, and what it costs. */
#ifndef MN_GRAPH_SHAPE_H
#define MN_GRAPH_SHAPE_H

#include "graph/graph.h"

typedef struct mn_shape {
    int32_t rank;
    int32_t dims[MN_MAX_RANK];
} mn_shape;

/** No tensor may be larger than this many bytes, so that element counts and offsets fit int32_t. */
#define MN_MAX_TENSOR_BYTES ((size_t)1 << 30)

/** Product of the dimensions. Call only for shapes that passed mn_shape_check(). */
int32_t mn_shape_count(const mn_shape *shape);

/** Are all dimensions at least 1, and is the tensor within MN_MAX_TENSOR_BYTES? */
bool mn_shape_check(const mn_shape *shape, mn_type type);

bool mn_shape_equal(const mn_shape *a, const mn_shape *b);

/** "1x224x224x3" into `text`; "scalar" for rank 0. Returns `text`. */
#define MN_SHAPE_TEXT 72
const char *mn_shape_text(const mn_shape *shape, char text[MN_SHAPE_TEXT]);

mn_shape mn_tensor_shape(const mn_tensor *tensor);

/** Who knows the shapes of what CUSTOM operators compute, when their inputs are resized. */
typedef struct mn_custom_shapes {
    /** The shape of output `output` of operator `op_index`; *known stays false where it is not known. */
    mn_status (*ask)(void *context, int32_t op_index, int32_t output, const mn_shape *shapes, mn_shape *out,
                     bool *known);
    void *context;
} mn_custom_shapes;

/** Shapes of all tensors from those of the model inputs and constants, which the caller has put into
 *  `shapes` ([tensor_count]); the outputs of every operator are written. Where the graph has shapes already and a
 *  RESHAPE was for one image, it takes a batch, which TFLite does not. CUSTOM operators keep the graph's shapes; where
 *  their inputs have others, `custom` is asked (NULL: nobody knows).
 *  Errors: FORMAT (an operator cannot take the shapes it is given), LIMIT (a tensor too large), UNSUPPORTED. */
mn_status mn_graph_infer_shapes(const mn_graph *graph, mn_shape *shapes, const mn_custom_shapes *custom);

/** Multiply-accumulates of one run of `op` with the graph's own shapes; 0 for operators that have none. */
int64_t mn_op_macs(const mn_graph *graph, const mn_op *op);

/** Cells a window of `filter` taps yields along one dimension (TFLite ComputeOutSize); below 1 when the
 *  window does not fit. */
int32_t mn_window_output(mn_padding padding, int32_t input, int32_t filter, int32_t stride, int32_t dilation);

/** Cells of padding before the first one and behind the last one together. */
int32_t mn_window_padding_all(int32_t input, int32_t output, int32_t filter, int32_t stride, int32_t dilation);

/** Cells of padding before the first one (TFLite ComputePadding): an odd total puts the larger part behind. */
int32_t mn_window_padding(int32_t input, int32_t output, int32_t filter, int32_t stride, int32_t dilation);

#endif

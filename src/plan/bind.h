/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From one operator to kernel parameters: geometry from shapes, multipliers from scales, clamps from activations. */
#ifndef MN_PLAN_BIND_H
#define MN_PLAN_BIND_H

#include "graph/graph.h"
#include "graph/shape.h"
#include "kernels/kernel.h"
#include "kernels/params.h"

/** The operator at hand: its graph, the session's shapes, and the region that parameters go to. */
typedef struct mn_binder {
    const mn_graph *graph;
    const mn_shape *shapes;
    mn_region *region;
    int32_t op_index;
    const mn_op *op;
    int32_t part;       /* which output, of an operator that has several */
    int32_t part_begin; /* where it begins along the axis */
} mn_binder;

/** What the kernel family needs to know of one operator. */
typedef struct mn_binding {
    mn_kernel_op op;
    mn_type in, out;
    const void *params; /* in the region */
    int32_t units;
    int32_t first_input; /* the operands the kernel reads: from this one on, so many */
    int32_t input_count;
    int32_t part_end; /* where the next part begins */
} mn_binding;

/** Binds operator `op_index` for the given shapes of all tensors; parameters go to `region`. Not for operators that run
 * no kernel: mn_bind_alias(). Errors: MEMORY, UNSUPPORTED. */
mn_status mn_bind(const mn_graph *graph, const mn_shape *shapes, mn_region *region, int32_t op_index, mn_binding *out);

/** As mn_bind() for output `part` of SPLIT, SPLIT_V or UNPACK, which begins where the one before ended. */
mn_status mn_bind_part(const mn_graph *graph, const mn_shape *shapes, mn_region *region, int32_t op_index, int32_t part,
                       int32_t begin, mn_binding *out);

/** Is every output of `op` its data operand's elements in the same order, under another shape at most? */
bool mn_bind_alias(const mn_shape *shapes, const mn_op *op);

/* One function per family; the files bind_*.c. */
mn_status mn_bind_conv(const mn_binder *b, mn_binding *out);
mn_status mn_bind_depthwise(const mn_binder *b, mn_binding *out);
mn_status mn_bind_fully_connected(const mn_binder *b, mn_binding *out);
mn_status mn_bind_pool(const mn_binder *b, mn_kernel_op op, mn_binding *out);
mn_status mn_bind_add(const mn_binder *b, bool subtract, mn_binding *out);
mn_status mn_bind_mul(const mn_binder *b, mn_binding *out);
mn_status mn_bind_div(const mn_binder *b, mn_binding *out);
mn_status mn_bind_maximum(const mn_binder *b, bool minimum, mn_binding *out);
mn_status mn_bind_prelu(const mn_binder *b, mn_binding *out);
mn_status mn_bind_reduce(const mn_binder *b, mn_kernel_op op, mn_binding *out);
mn_status mn_bind_softmax(const mn_binder *b, mn_kernel_op op, mn_binding *out);
mn_status mn_bind_l2_normalization(const mn_binder *b, mn_binding *out);
mn_status mn_bind_quantize(const mn_binder *b, mn_binding *out);
mn_status mn_bind_dequantize(const mn_binder *b, mn_binding *out);
mn_status mn_bind_clamp(const mn_binder *b, mn_range_f32 range, mn_binding *out);
mn_status mn_bind_unary(const mn_binder *b, mn_binding *out);
mn_status mn_bind_pad(const mn_binder *b, mn_binding *out);
mn_status mn_bind_transpose(const mn_binder *b, mn_binding *out);
mn_status mn_bind_hybrid_conv(const mn_binder *b, mn_kernel_op op, const mn_conv_params *conv, mn_binding *out);
mn_status mn_bind_hybrid_fully_connected(const mn_binder *b, const mn_fully_connected_params *shape, mn_binding *out);
mn_status mn_bind_concatenation(const mn_binder *b, mn_binding *out);
mn_status mn_bind_slice(const mn_binder *b, mn_binding *out);
mn_status mn_bind_split(const mn_binder *b, mn_binding *out);
mn_status mn_bind_tile(const mn_binder *b, mn_binding *out);
mn_status mn_bind_pack(const mn_binder *b, mn_binding *out);
mn_status mn_bind_resize(const mn_binder *b, mn_binding *out);
mn_status mn_bind_space(const mn_binder *b, mn_binding *out);

/* Shared by the families. */
static inline const mn_tensor *mn_bind_input(const mn_binder *b, int32_t i) {
    return mn_graph_input(b->graph, b->op, i);
}
static inline const mn_tensor *mn_bind_output(const mn_binder *b) { return mn_graph_output(b->graph, b->op, b->part); }
static inline const mn_shape *mn_bind_input_shape(const mn_binder *b, int32_t i) {
    return &b->shapes[b->op->inputs[i]];
}
static inline const mn_shape *mn_bind_output_shape(const mn_binder *b) { return &b->shapes[b->op->outputs[b->part]]; }

/** Is the first operand int8, uint8 or int16? */
bool mn_bind_quantised(const mn_binder *b);

/** Is the first operand int16; and do its sums have 64 bits, as their bias? */
bool mn_bind_wide(const mn_binder *b);
bool mn_bind_bias_64(const mn_binder *b);

/** Has the operator float activations and 8-bit weights? */
bool mn_bind_hybrid(const mn_binder *b);

/** Scale and zero point of a per-tensor quantised tensor. */
static inline float mn_bind_scale(const mn_tensor *tensor) { return tensor->quant.scale[0]; }
static inline int32_t mn_bind_zero(const mn_tensor *tensor) { return tensor->quant.zero_point[0]; }

/** The clamp of `activation` in float, and in the stored units of the output. */
mn_range_f32 mn_bind_range_f32(mn_activation activation);
mn_range_i32 mn_bind_range(const mn_binder *b, mn_activation activation);

/** Sets the fields of `out` that do not depend on the family; the kernel reads all operands. */
void mn_bind_finish(const mn_binder *b, mn_kernel_op op, const void *params, int32_t units, mn_binding *out);

/** The function of each element that an operator is; false when it is none. */
bool mn_bind_unary_function(mn_op_kind kind, mn_unary *out);

/** `shape` with ones in front, so that it has MN_MAX_RANK dimensions. */
void mn_bind_full_dims(const mn_shape *shape, int32_t dims[MN_MAX_RANK]);

/** Row-major strides of `dims`, in elements. */
void mn_bind_strides(const int32_t dims[MN_MAX_RANK], int32_t stride[MN_MAX_RANK]);

#endif

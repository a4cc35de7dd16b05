/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A network as plain data: tensors, and operators in execution order. Knows no file format and no kernel.
 * Whoever fills an mn_graph guarantees what mn_graph_check() verifies; everything after trusts it. */
#ifndef MN_GRAPH_GRAPH_H
#define MN_GRAPH_GRAPH_H

#include "base/region.h"
#include "base/status.h"
#include "graph/meaning.h"
#include "mobilenet.h"

/** Limits of ours, generous for image classifiers, that keep hostile models cheap. */
#define MN_MAX_TENSORS 65536
#define MN_MAX_OPERATORS 65536
#define MN_MAX_STRIDE 65536 /* also of dilations, pool sizes and paddings */

typedef enum mn_op_kind {
#define X(kind, code, version, name) kind,
#include "graph/ops.def"
#undef X
    MN_OP_KIND_COUNT
} mn_op_kind;

/** TFLite name of an operator, "CONV_2D". */
const char *mn_op_name(mn_op_kind kind);

/** Does an operator take two operands and repeat the smaller one along the other's dimensions: ADD, MAXIMUM ...? */
bool mn_op_is_binary(mn_op_kind kind);

typedef enum mn_activation { MN_ACT_NONE, MN_ACT_RELU, MN_ACT_RELU_N1_TO_1, MN_ACT_RELU6 } mn_activation;
typedef enum mn_padding { MN_PAD_SAME, MN_PAD_VALID } mn_padding;

/** The part of a tensor that STRIDED_SLICE or SLICE takes, NumPy's begin:end:step for each entry. Bit i of a mask is
 * for entry i. SLICE has no masks but end_mask, for a size of -1. */
typedef struct mn_slice {
    int32_t count; /* entries */
    int32_t begin[MN_MAX_RANK], end[MN_MAX_RANK], step[MN_MAX_RANK];
    uint32_t begin_mask, end_mask; /* the entry takes all from the first, up to the last */
    uint32_t ellipsis_mask;        /* it stands for all dimensions that no other entry is for */
    uint32_t new_axis_mask;        /* it is a new dimension of size 1 */
    uint32_t shrink_axis_mask;     /* it takes one index, and the dimension vanishes */
    bool offset;                   /* `end` counts from `begin` */
} mn_slice;

/** An operator that no list names: what a back end runs, or nobody. */
typedef struct mn_custom {
    const char *name;       /* what the file calls it, "ethos-u" */
    const uint8_t *options; /* [bytes] as the file has them; only the operator's maker knows their format */
    size_t bytes;
} mn_custom;

/** Attributes; which fields mean something depends on the kind. Strides, dilations and filter sizes >= 1. */
typedef struct mn_op_attr {
    mn_activation activation; /* CONV_2D DEPTHWISE_CONV_2D *_POOL_2D FULLY_CONNECTED ADD SUB MUL CONCATENATION */
    mn_padding padding;       /* CONV_2D DEPTHWISE_CONV_2D *_POOL_2D */
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w; /* CONV_2D DEPTHWISE_CONV_2D */
    int32_t depth_multiplier;       /* DEPTHWISE_CONV_2D; output channels / input channels */
    int32_t filter_h, filter_w;     /* *_POOL_2D */
    int32_t axis;                   /* CONCATENATION PACK UNPACK SPLIT SPLIT_V EXPAND_DIMS GATHER; may be negative */
    bool keep_dims;                 /* MEAN REDUCE_PROD; FULLY_CONNECTED keep_num_dims */
    bool power_of_two_scales;       /* ADD SUB of int16 */
    bool asymmetric_inputs;         /* FULLY_CONNECTED with float activations and 8-bit weights */
    bool align_corners, half_pixel_centers; /* RESIZE_* */
    float beta;                             /* SOFTMAX */
    float alpha;                            /* LEAKY_RELU: slope below 0 */
    /* RESHAPE: the wanted shape, one entry may be -1. SQUEEZE: the axes to drop, none means all of size 1.
     * MEAN, REDUCE_PROD: the axes. TRANSPOSE: the permutation. RESIZE_*: height and width. SPACE_TO_BATCH_ND,
     * BATCH_TO_SPACE_ND: the block of the first dimensions behind that of batches. SPLIT_V: the sizes. TILE: the
     * multiples. Taken from attributes or constant
     * inputs by the reader. */
    int32_t list_count;
    int32_t list[MN_MAX_RANK];
    /* PAD, SPACE_TO_BATCH_ND: elements before and after each of list_count dimensions, each >= 0. BATCH_TO_SPACE_ND:
     * what is cut off. */
    int32_t pad[MN_MAX_RANK][2];
    mn_slice slice; /* STRIDED_SLICE SLICE */
    /* RESHAPE RESIZE_* STRIDED_SLICE SLICE: list or slice follow from the shapes of other tensors, by way of operators
     * on integers (known.h). mn_graph_check() sets them for the graph's own shapes. */
    bool computed;
    mn_custom custom; /* CUSTOM */
} mn_op_attr;

typedef struct mn_op {
    mn_op_kind kind;
    int32_t version;
    int32_t input_count;
    int32_t *inputs; /* tensor indices; -1 for an optional input left out (bias) */
    int32_t output_count;
    int32_t *outputs;
    mn_op_attr attr;
} mn_op;

/** Operands that carry data and must be there; a bias, or constants already read into the attributes, may follow. */
int32_t mn_op_data_inputs(const mn_op *op);

/** One tensor; what mn_tensor_info tells of it. */
typedef struct mn_tensor {
    const char *name;
    mn_type type;
    int32_t rank; /* 0..MN_MAX_RANK; 0 is a scalar */
    int32_t dims[MN_MAX_RANK];
    size_t bytes; /* product of dims times the element size */
    mn_quant quant;
    const void *data;   /* constant contents, or NULL for a tensor computed at run time */
    uint32_t open_dims; /* bit d: the file says that dimension d may have any size */
} mn_tensor;

/** Bytes that the file holds beside the network, under a name, for whoever knows that name: what Vela says of memory,
 * for one. Numbers in them may count the graph's tensors. */
typedef struct mn_metadata {
    const char *name;
    const uint8_t *data; /* [bytes] */
    size_t bytes;
} mn_metadata;

typedef struct mn_graph {
    mn_region region; /* owns every pointer below except constant data that stays in the file */
    const char *name; /* what error sentences call the file */
    const char *description;
    int32_t tensor_count;
    mn_tensor *tensors;
    int32_t op_count;
    mn_op *ops;            /* in execution order */
    const int32_t *origin; /* [op_count]: what the file numbers them; NULL: their places in `ops` */
    int32_t input_count;
    int32_t *inputs;
    int32_t output_count;
    int32_t *outputs;
    mn_meaning meaning; /* what the file says of pixels and classes */
    int32_t signature_count;
    mn_signature *signatures;
    int32_t metadata_count;
    mn_metadata *metadata; /* what else the file says; nothing here reads it */
} mn_graph;

void mn_graph_free(mn_graph *graph);

/** Makes *out a graph with tables of its own, so that shapes and operators may change; names, contents, scales, options
 * and the meaning stay those of `graph`, which must outlive it. Errors: MEMORY. */
mn_status mn_graph_share(const mn_graph *graph, mn_graph *out);

/** The tensor behind input or output `i` of `op`; NULL for an optional input left out or beyond the list. */
const mn_tensor *mn_graph_input(const mn_graph *graph, const mn_op *op, int32_t i);
const mn_tensor *mn_graph_output(const mn_graph *graph, const mn_op *op, int32_t i);

/** What sentences call operator `op_index`. */
static inline int32_t mn_graph_number(const mn_graph *graph, int32_t op_index) {
    return graph->origin ? graph->origin[op_index] : op_index;
}

/** Fails with a sentence that names the graph, the operator and its place: "m.tflite: operator 12 (CONV_2D): ...". */
mn_status mn_graph_fail(const mn_graph *graph, int32_t op_index, mn_status status, const char *format, ...)
    MN_PRINTF(4, 5);

/** The metadata of that name; NULL where the file has none. */
const mn_metadata *mn_graph_metadata(const mn_graph *graph, const char *name);

/** The first operator of the graph that is CUSTOM; -1 when none is. */
int32_t mn_graph_first_custom(const mn_graph *graph);

/** Fails because nobody runs CUSTOM operator `op_index`, and says what could. Returns UNSUPPORTED. */
mn_status mn_graph_refuse_custom(const mn_graph *graph, int32_t op_index);

/** Gives scale 1 and zero point 0 to 8-bit tensors without a quantisation that CAST turns into floats: they hold the
 *  integers that they store, such as pixels of models that scale them by themselves. Errors: MEMORY. */
mn_status mn_graph_scale_integers(mn_graph *graph);

/** Integer `i` of a constant of type int32 or int64. */
static inline int64_t mn_tensor_integer(const mn_tensor *tensor, size_t i) {
    return tensor->type == MN_INT64 ? ((const int64_t *)tensor->data)[i] : ((const int32_t *)tensor->data)[i];
}

/** First of the operands that carry data: 1 for SPLIT, whose axis comes first. */
int32_t mn_op_first_input(mn_op_kind kind);

/** Verifies everything that comes later relies on: tensor indices in range, every tensor written once and before it is
 *  read (CUSTOM operators may name tensors that nothing writes, which are their workspace), model outputs written,
 * types and quantisation of each operator's tensors an implemented combination, shapes consistent. Shapes of computed
 * tensors are inferred from the inputs and replace those of the file, except for what CUSTOM operators compute.
 * Integers that follow from shapes become constants. Errors: FORMAT, UNSUPPORTED, LIMIT, MEMORY. */
mn_status mn_graph_check(mn_graph *graph);

/** Verifies what the reader of a file guarantees before mn_graph_check(), of a graph that was put together in memory:
 *  types, ranks and sizes of tensors, their quantisation and alignment, attributes within their ranges. Errors: FORMAT,
 *  LIMIT. */
mn_status mn_graph_check_given(const mn_graph *graph);

/** The quantisation of a bias follows from input and weights; what is said of it beside it is a note, and as
 * TensorFlow's older converters show may be wrong. Is it one that must be left out? */
bool mn_graph_is_wrong_note(const mn_tensor *tensor);

#endif

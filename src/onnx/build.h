/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From the nodes of an ONNX graph to layers. ONNX's maps are [n][c][h][w], those of a network [h][w][c]: nothing moves,
 * for a value only remembers in which order its dimensions are counted. Shared by build.c (values, the graph),
 * build_window.c, build_dense.c, build_elementwise.c, build_shape.c (kinds of nodes) and constant.c. */
#ifndef MN_ONNX_BUILD_H
#define MN_ONNX_BUILD_H

#include "net/net.h"
#include "onnx/model.h"

typedef enum mn_onnx_value_kind { MN_ONNX_UNKNOWN, MN_ONNX_CONSTANT, MN_ONNX_LAYER } mn_onnx_value_kind;

typedef struct mn_onnx_value {
    mn_onnx_value_kind kind;
    mn_array array;     /* CONSTANT */
    int32_t layer;      /* LAYER: what gives it */
    int32_t rank;       /* 4: a map, 2: a vector; both with the batch in front */
    bool channels_last; /* of rank 4: [n][h][w][c], else [n][c][h][w] */
    /* Of rank 2, made of a map in the order [c][h][w], where the layer has [h][w][c]; map[0] = 0: not so. */
    int32_t map[3];
    int32_t users; /* nodes and outputs that read it */
} mn_onnx_value;

typedef struct mn_onnx_builder {
    mn_onnx_model *model;
    mn_net *net;
    mn_onnx_value *values; /* [model->value_count] */
    const mn_onnx_node *node;
    int32_t index;  /* of the node */
    int64_t batch;  /* as the file has it; 1 where it is open */
    size_t weights; /* taken for layers so far */
} mn_onnx_builder;

typedef mn_status (*mn_onnx_build)(mn_onnx_builder *b);

/** Fails with a sentence that names the file and the node: "FILE: node 12 (Conv) NAME: ...". */
mn_status mn_onnx_fail(const mn_onnx_builder *b, mn_status status, const char *format, ...) MN_PRINTF(3, 4);

/** Input `i` of the node; NULL where it is left out. */
mn_onnx_value *mn_onnx_in(const mn_onnx_builder *b, int32_t i);

/** Input `i`, which must be a layer's value of rank 2 or 4 (0: either), in ONNX's own order. Errors: UNSUPPORTED. */
mn_status mn_onnx_layer_in(const mn_onnx_builder *b, int32_t i, int32_t rank, mn_onnx_value **out);

/** Input `i`, which must be a constant of floats. Errors: UNSUPPORTED. */
mn_status mn_onnx_floats_in(const mn_onnx_builder *b, int32_t i, const mn_array **out);

/** Numbers in the integer list `name`, or of the constant input `i` if there is no such attribute (-1: none); *count is
 *  -1 where both are missing. Errors: UNSUPPORTED (not constant), LIMIT. */
#define MN_ONNX_MAX_LIST 16
mn_status mn_onnx_list(const mn_onnx_builder *b, const char *name, int32_t i, int64_t list[MN_ONNX_MAX_LIST],
                       int32_t *count);

int64_t mn_onnx_integer(const mn_onnx_builder *b, const char *name, int64_t fallback);
float mn_onnx_number(const mn_onnx_builder *b, const char *name, float fallback);

/** The layer that gives a value. Moves when a layer is added. */
const mn_layer *mn_onnx_layer_of(const mn_onnx_builder *b, const mn_onnx_value *value);

/** Dimensions as ONNX counts them. */
void mn_onnx_dims(const mn_onnx_builder *b, const mn_onnx_value *value, int64_t dims[4]);

/** Adds a layer called after the node's first output, and `suffix`. Its inputs are set; *index is its number. Errors:
 *  those of mn_net_add, and LIMIT (far more weights than the file holds). */
mn_status mn_onnx_add(mn_onnx_builder *b, mn_layer layer, bool with_bias, const char *suffix, int32_t *index);

/** Makes output 0 of the node the value of a layer. */
mn_status mn_onnx_set_layer(mn_onnx_builder *b, int32_t layer, int32_t rank, bool channels_last);

/** Adds a layer that reads `from` and gives output 0, a value of the same rank and order. */
mn_status mn_onnx_follow(mn_onnx_builder *b, const mn_onnx_value *from, mn_layer layer);

/** Makes output 0 of the node the same as a value, or a constant. */
mn_status mn_onnx_set(mn_onnx_builder *b, const mn_onnx_value *value);

/** Reads `count` floats of an array, whatever its shape, as [count]. Errors: FORMAT (another number of them). */
mn_status mn_onnx_read_vector(const mn_onnx_builder *b, const mn_array *array, const char *what, int32_t count,
                              float *to);

/** Shape arithmetic: nodes that read constants only. Sets *done where the node is such a one. Errors: UNSUPPORTED. */
mn_status mn_onnx_compute_constant(mn_onnx_builder *b, bool *done);

/** The kinds of nodes. */
mn_status mn_onnx_build_conv(mn_onnx_builder *b);
mn_status mn_onnx_build_pool(mn_onnx_builder *b);
mn_status mn_onnx_build_global_pool(mn_onnx_builder *b);
mn_status mn_onnx_build_reduce_mean(mn_onnx_builder *b);
mn_status mn_onnx_build_pad(mn_onnx_builder *b);
mn_status mn_onnx_build_norm(mn_onnx_builder *b);
mn_status mn_onnx_build_dense(mn_onnx_builder *b);
mn_status mn_onnx_build_activation(mn_onnx_builder *b);
mn_status mn_onnx_build_prelu(mn_onnx_builder *b);
mn_status mn_onnx_build_clip(mn_onnx_builder *b);
mn_status mn_onnx_build_softmax(mn_onnx_builder *b);
mn_status mn_onnx_build_arithmetic(mn_onnx_builder *b);
mn_status mn_onnx_build_concat(mn_onnx_builder *b);
mn_status mn_onnx_build_reshape(mn_onnx_builder *b);
mn_status mn_onnx_build_flatten(mn_onnx_builder *b);
mn_status mn_onnx_build_squeeze(mn_onnx_builder *b);
mn_status mn_onnx_build_unsqueeze(mn_onnx_builder *b);
mn_status mn_onnx_build_transpose(mn_onnx_builder *b);
mn_status mn_onnx_build_same(mn_onnx_builder *b);

#endif

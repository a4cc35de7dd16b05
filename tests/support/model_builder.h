/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Small models with random weights for tests and fuzzing: graphs that mn_graph_check() accepts. The same seed gives
 * the same model everywhere. Running out of memory ends the program. */
#ifndef TESTS_MODEL_BUILDER_H
#define TESTS_MODEL_BUILDER_H

#include "graph/graph.h"

#define MB_MAX_TENSORS 256
#define MB_MAX_OPS 96

typedef struct model_builder {
    mn_graph graph; /* freed with mn_graph_free() */
    uint32_t state; /* of the random numbers */
    int32_t tensor_room, op_room;
    mn_type type; /* of activations: MN_FLOAT32, MN_INT8 or MN_UINT8 */
} model_builder;

/** An empty graph whose tables have room for MB_MAX_TENSORS and MB_MAX_OPS. */
void mb_open(model_builder *b, mn_type type, uint32_t seed);

/** A whole number in [low, high]. */
int32_t mb_random(model_builder *b, int32_t low, int32_t high);

/** A tensor computed at run time. Quantised types get one scale and zero point. Returns its index. */
int32_t mb_tensor(model_builder *b, const char *name, mn_type type, int32_t rank, const int32_t *dims);

/** Quantises a tensor with `count` scales of `scale` along `axis`. */
void mb_quantise(model_builder *b, int32_t tensor, int32_t count, int32_t axis, float scale, int32_t zero_point);

/** A tensor with random contents. */
int32_t mb_constant(model_builder *b, const char *name, mn_type type, int32_t rank, const int32_t *dims);

/** A constant int32 list. */
int32_t mb_list(model_builder *b, const char *name, int32_t count, const int32_t *values);

/** A constant int32 scalar. */
int32_t mb_number(model_builder *b, const char *name, int32_t value);

/** Appends an operator that reads `inputs` and writes `output`. */
mn_op *mb_op(model_builder *b, mn_op_kind kind, int32_t version, int32_t input_count, const int32_t *inputs,
             int32_t output);

/** The same with `output_count` outputs. */
mn_op *mb_op_parts(model_builder *b, mn_op_kind kind, int32_t version, int32_t input_count, const int32_t *inputs,
                   int32_t output_count, const int32_t *outputs);

/** Appends a CUSTOM operator called `name` with `bytes` bytes of options. `name` and `options` must outlive the graph.
 */
mn_op *mb_custom(model_builder *b, const char *name, const void *options, size_t bytes, int32_t input_count,
                 const int32_t *inputs, int32_t output_count, const int32_t *outputs);

/** Layers that move elements: each takes a tensor of 4 dimensions and returns one; see model_layers.c. */
#define MB_MOVING_LAYERS 7
int32_t mb_moving_layer(model_builder *b, int32_t which, int32_t x);

/** A tensor of that shape with the type and quantisation of `x`. */
int32_t mb_alike(model_builder *b, const char *name, int32_t x, int32_t rank, const int32_t *dims);

/** Names the one input and output of the model. */
void mb_ends(model_builder *b, int32_t input, int32_t output);

/** A classifier of random operators: about `length` layers chosen from all kinds, then MEAN or pooling, and a
 *  classifier with SOFTMAX. */
void mb_classifier(model_builder *b, mn_type type, uint32_t seed, int32_t length);

/** An int8 classifier of one image: about `length` layers of those that microcontrollers have steps for. Its last
 * layers may be others (REDUCE_MAX, LOG_SOFTMAX). */
void mb_small_classifier(model_builder *b, uint32_t seed, int32_t length);

#endif

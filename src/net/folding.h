/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Shared by fold.c (the net), fold_graph.c (the graph as it grows), fold_weights.c (layers with weights, batch norm
 * folded in) and fold_layers.c (the others). */
#ifndef MN_NET_FOLDING_H
#define MN_NET_FOLDING_H

#include "graph/shape.h"
#include "net/fold.h"

/* The most that one layer makes (a UnitNormalization). */
enum { MN_FOLD_LAYER_OPS = 6, MN_FOLD_LAYER_TENSORS = 10 };

typedef struct mn_folding {
    const mn_net *net;
    mn_graph *graph;
    mn_channel_stats *stats; /* [tensors of the graph] */
    int32_t *tensor;         /* [layer_count]: what holds the layer's output; -1 when not yet folded */
    int32_t *users;          /* [layer_count]: layers that read it, and outputs that it is; 0: it leads nowhere */
    int32_t *user;           /* [layer_count]: one of the layers; -1 for none */
} mn_folding;

/* ---- fold_graph.c ---- */

/** `count` zeroed objects in the graph's region. */
void *mn_fold_take(mn_folding *f, size_t count, size_t size);

mn_status mn_fold_no_memory(void);

/** [1][h][w][c], or [1][c] of a vector. */
mn_shape mn_fold_shape(const mn_layer *layer);
mn_shape mn_fold_vector(int32_t count);

/** Appends a tensor called layer + suffix. */
mn_status mn_fold_tensor(mn_folding *f, const char *layer, const char *suffix, mn_type type, mn_shape shape,
                         int32_t *index);

/** Appends a constant; the caller fills *data before the next one. */
mn_status mn_fold_constant(mn_folding *f, const char *layer, const char *suffix, mn_type type, mn_shape shape,
                           int32_t *index, void **data);

/** Appends a constant that holds a copy of `values`. */
mn_status mn_fold_list(mn_folding *f, const char *layer, const char *suffix, mn_shape shape, const int32_t *values,
                       int32_t *index);
mn_status mn_fold_floats(mn_folding *f, const char *layer, const char *suffix, const float *values, int32_t count,
                         int32_t *index);

/** Appends an operator with its result, a tensor called layer + suffix. `result` may point into `inputs`. */
mn_status mn_fold_op(mn_folding *f, mn_op_kind kind, const mn_op_attr *attr, const int32_t *inputs, int32_t count,
                     const char *layer, const char *suffix, mn_shape shape, int32_t *result);

/* ---- fold_weights.c ---- */

/** The layer after `index` when it is of this kind and reads nothing but `index`, which nothing else reads; or -1. */
int32_t mn_fold_follower(const mn_folding *f, int32_t index, mn_layer_kind kind);

/** The activation that a fused RELU is; false where none is. */
bool mn_fold_find_activation(const mn_layer *relu, mn_activation *out);

/** Takes in a ReLU after layer `*last`, if there is one that fits. */
mn_activation mn_fold_activation(const mn_folding *f, int32_t *last);

/** May the padding of this layer be left to the SAME of the one convolution behind it? */
bool mn_fold_is_absorbed(const mn_folding *f, int32_t index);

mn_affine mn_fold_norm_affine(const mn_layer *norm, int32_t channel);

/** Keeps what `norm` says of the channels of `tensor` before its activation. */
mn_status mn_fold_stats(mn_folding *f, const mn_layer *norm, int32_t tensor);

/** CONV, DEPTHWISE and DENSE, with the batch norm and the activation behind them. */
mn_status mn_fold_weighted(mn_folding *f, int32_t index);

/* ---- fold_layers.c ---- */

/** Any other layer. */
mn_status mn_fold_other(mn_folding *f, int32_t index);

#endif

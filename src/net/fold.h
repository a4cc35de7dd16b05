/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From a net to the float graph that runs: batch norm folded into the convolution before it, activations fused,
 * zero padding absorbed, dropout gone. */
#ifndef MN_NET_FOLD_H
#define MN_NET_FOLD_H

#include "net/net.h"

/** What batch norm tells of the distribution of each channel: mean and standard deviation before the activation, if
 *  the statistics in the net are those of its input. */
typedef struct mn_channel_stats {
    int32_t channels; /* 0: nothing is known */
    const float *mean, *deviation;
    float low, high; /* of all channels: the range that training learned for 8 bits; low = high: none */
} mn_channel_stats;

/** y = scale * x + shift: what batch norm comes to in one channel. */
typedef struct mn_affine {
    double scale, shift;
} mn_affine;

/** Without any variance the channel was constant, and what training made of it is beta. */
mn_affine mn_norm_affine(float gamma, float beta, float mean, float variance, float epsilon);

/** Folds `net` into a checked graph with its own copies of all weights, in TFLite layouts, computed in double.
 *  Tensors are called after the last layer that went into them, constants after their layer: "Conv1_relu",
 *  "Conv1/kernel", "bn_Conv1/bias". A GLOBAL_POOL becomes MEAN, a RESCALING MUL and ADD.
 *  `stats`, when not NULL, receives one entry per tensor of the graph, in the graph's region.
 *  Errors: MEMORY, LIMIT, FORMAT (weights that are not finite or do not stay so: the sentence names the layer),
 *  UNSUPPORTED (a layer that no operator stands for: the sentence names it). */
mn_status mn_net_fold(const mn_net *net, mn_graph *graph, mn_channel_stats **stats);

#endif

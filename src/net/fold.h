/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From a net to the float graph that runs: batch norm folded into the convolution before it, activations fused,
 * zero padding absorbed, dropout gone. */
#ifndef MN_NET_FOLD_H
#define MN_NET_FOLD_H

#include "net/net.h"

/** What batch norm tells of the distribution of a channel: mean and standard deviation before the activation. */
typedef struct mn_channel_stats {
    int32_t channels; /* 0: nothing is known */
    const float *mean, *deviation;
} mn_channel_stats;

/** Folds `net` into a checked graph with its own copies of all weights, in TFLite layouts, computed in double.
 *  `stats`, when not NULL, receives one entry per tensor of the graph, in the graph's pool.
 *  Errors: MEMORY, UNSUPPORTED (a layer that folds into nothing: the sentence names it). */
mn_status mn_net_fold(const mn_net *net, mn_graph *graph, mn_channel_stats **stats);

#endif

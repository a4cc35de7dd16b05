/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Multiplies channels between layers, and moves them, without a change in what the network computes. */
#ifndef MN_QUANT_RESCALE_H
#define MN_QUANT_RESCALE_H

#include "graph/graph.h"

/** What values one channel takes: from photos, or as batch norm lets expect. */
typedef struct mn_channel {
    float low, high;
    float mean, variance;
} mn_channel;

/** The channels of an activation: indices of its last dimension. */
typedef struct mn_channels {
    int32_t count;  /* 0: nothing is known */
    mn_channel *of; /* [count] */
} mn_channels;

/** Changes weights and biases of `graph` so that each channel c of tensor t has `moved[t][c]` taken away and is then
 *  multiplied by `factor[t][c]`; [tensor_count], NULL for 0 and 1. Tensors of one group (equalise_groups.h) are to be
 *  given the same factors. `channels` follow, and names get "_rescaled" behind them. Errors: MEMORY. */
mn_status mn_rescale(mn_graph *graph, mn_channels *channels, double *const *factor, double *const *moved);

/** Puts "_rescaled" behind the name of a tensor unless it is there. Errors: MEMORY. */
mn_status mn_rescale_name(mn_graph *graph, int32_t index);

/** Is this the name of a tensor whose channels were rescaled or copied? They get "_rescaled" behind theirs: they no
 *  longer hold what the tensor of the same name in the original holds. */
bool mn_is_rescaled(const char *name);

#endif

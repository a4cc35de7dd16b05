/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Rescales channels so that 8 bits suit all of them. An int8 activation has one scale for all its channels; those
 * that take small values get few steps of it. But a channel may be multiplied by any k > 0 where it is made, and
 * divided by k where it is used, without a change in what the network computes (Nagel et al., Data-Free Quantization
 * through Weight Equalization and Bias Correction, 2019), and moved by a constant that the next bias takes back (high-
 * bias absorption there). Weights are stored per channel, so for most of this they pay nothing. */
#ifndef MN_QUANT_EQUALISE_H
#define MN_QUANT_EQUALISE_H

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

/** Rescales and moves channels between the layers of `graph`, which passed mn_quant_prepare, where that makes rounding
 *  errors smaller. `channels` ([tensor_count]) tells what each activation is and follows the changes; tensors of which
 *  nothing is known stay as they are.
 *
 *  What the graph computes stays the same, but for channels that rise above their `high`: behind a RELU6 these may now
 *  be cut off there. Errors: MEMORY. */
mn_status mn_equalise(mn_graph *graph, mn_channels *channels);

#endif

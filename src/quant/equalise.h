/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Rescales channels so that 8 bits suit all of them. An int8 activation has one scale for all its channels; those
 * that take small values get few steps of it. But a channel may be multiplied by any k > 0 where it is made, and
 * divided by k where it is used, without a change in what the network computes, and moved by a constant that the next
 * bias takes back (Nagel et al., Data-Free Quantization through Weight Equalization and Bias Correction, 2019, sections
 * 4.1.1 and 4.1.3). There, ranges of weights are made equal, for weights with one scale (balance.h); with a scale for
 * each output channel, activations are what gains, and how far to go is chosen by the rounding errors to expect of
 * both. */
#ifndef MN_QUANT_EQUALISE_H
#define MN_QUANT_EQUALISE_H

#include "quant/rescale.h"

/** Rescales and moves channels between the layers of `graph`, which passed mn_quant_prepare, where that makes rounding
 *  errors smaller: those that meet no activation function, so that what the graph computes stays the same. `channels`
 *  ([tensor_count]) tells what each activation is and follows the changes; tensors of which nothing is known stay.
 *  `fine_weights`: rounding as by round.h is going to make their errors the smaller ones, and sums are going to share
 *  scales (sums.h). Errors: MEMORY. */
mn_status mn_equalise(mn_graph *graph, mn_channels *channels, bool fine_weights);

#endif

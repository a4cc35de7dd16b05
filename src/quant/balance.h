/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Rescales channels for weights with one scale for each layer. Where channels differ in size, those with small weights
 * get few steps; the filters of a depthwise convolution often differ a hundred times. Cross-layer equalisation (Nagel
 * et al., Data-Free Quantization through Weight Equalization and Bias Correction, 2019, section 4.1) makes the ranges
 * of two neighbouring layers' weights equal, through RELU. Here the factors of all channels of the graph are found
 * together: what rounding of weights and of activations adds to the outputs of linear layers is a sum of products of
 * powers of the factors, and therefore convex in their logarithms (Boyd et al., A tutorial on geometric programming,
 * 2007). RELU6 stays: a channel that reaches its bound keeps its size, others grow at most until they reach it. */
#ifndef MN_QUANT_BALANCE_H
#define MN_QUANT_BALANCE_H

#include "quant/rescale.h"

/** Rescales channels of `graph`, which passed mn_quant_prepare, where that makes rounding errors smaller when each
 *  layer's weights have one scale. What it computes stays the same for channels within the ranges that `channels`
 *  ([tensor_count]) tell; they follow the changes. Errors: MEMORY. */
mn_status mn_balance(mn_graph *graph, mn_channels *channels);

/** The factors with which mn_balance rescales: (*factor)[tensor_count] as mn_rescale takes them, in `region`; what no
 *  channel of needs one is NULL. Changes nothing. Errors: MEMORY. */
mn_status mn_balance_factors(const mn_graph *graph, const mn_channels *channels, mn_region *region, double ***factor);

#endif

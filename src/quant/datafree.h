/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Quantisation without a photo: batch norm remembers the mean and deviation that each channel had in training (Nagel
 * et al., Data-Free Quantization through Weight Equalization and Bias Correction, 2019). */
#ifndef MN_QUANT_DATAFREE_H
#define MN_QUANT_DATAFREE_H

#include "net/fold.h"
#include "quant/equalise.h"
#include "quant/quant.h"

/** What to expect of the channels of every activation of `graph`, which takes `input`: out[tensor_count], whose memory
 *  belongs to `region`. `stats` ([tensor_count]) is what mn_net_fold told; NULL
 *  for a graph from elsewhere. Before its activation function, what a batch
 *  norm gives counts as normally distributed; other layers pass on means and variances as if channels were independent.
 *  Errors: UNSUPPORTED (no statistics; an operator that passes nothing on), MEMORY. */
mn_status mn_channels_expect(const mn_graph *graph, const mn_channel_stats *stats, mn_interval input, mn_region *region,
                             mn_channels *out);

/** Sets the range of every open activation of `scheme` to what is expected. Errors: as mn_scheme_share_ranges. */
mn_status mn_datafree_ranges(mn_scheme *scheme, const mn_channels *channels);

/** Changes the bias of every layer of `scheme` by the mean shift of its outputs to expect from the rounding of its
 *  weights (section 4.2.2 there). */
void mn_datafree_correct(mn_scheme *scheme, const mn_channels *channels);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the weights of a net say about its values, with no picture: means and variances of every channel, passed from
 * layer to layer as if values were independent and what a batch norm gives were normally distributed. */
#ifndef MN_NET_STATISTICS_H
#define MN_NET_STATISTICS_H

#include "net/random.h"

typedef struct mn_moments {
    double mean, variance;
} mn_moments;

/** Of min(max(x, 0), max_value) for a normally distributed x. max_value > 0, may be INFINITY. */
mn_moments mn_moments_clipped(mn_moments x, double max_value);

/** Gives every batch norm the mean and variance to expect of its input, for pictures whose pixels are spread evenly
 *  over [-1, 1] after any rescaling. With statistics 0 and 1, values fade in a net with random kernels: each depthwise
 *  layer makes them smaller. Errors: MEMORY. */
mn_status mn_net_settle(mn_net *net);

/** Gives every batch norm a random gamma and beta, and random statistics near those of mn_net_settle(): something like
 *  a trained net to test with. Errors: MEMORY. */
mn_status mn_net_randomise_norms(mn_net *net, uint64_t seed);

#endif

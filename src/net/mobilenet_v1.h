/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The architecture: Howard et al., MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications,
 * 2017, table 1; names as in Keras applications. */
#ifndef MN_NET_MOBILENET_V1_H
#define MN_NET_MOBILENET_V1_H

#include "net/spec.h"

/** Channels of a layer with `filters` at width 1. */
int32_t mn_v1_channels(int32_t filters, double width);

/** Builds the net with Keras' layer names ("conv1", "conv1_bn", "conv_dw_1", ..., "conv_preds"); weights as mn_net_add
 *  leaves them. Errors: ARGUMENT (a spec out of range), MEMORY, LIMIT. */
mn_status mn_v1_build(const mn_net_spec *spec, mn_net *out);

#endif

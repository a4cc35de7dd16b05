/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The architecture: Howard et al., Searching for MobileNetV3, 2019, tables 1 and 2; channel rounding, names and the
 * minimalistic variants (no squeeze-excite, kernels of 3x3, ReLU throughout) as in Keras applications. */
#ifndef MN_NET_MOBILENET_V3_H
#define MN_NET_MOBILENET_V3_H

#include "net/spec.h"

/** Channels of a block with `filters` at width 1. */
int32_t mn_v3_channels(int32_t filters, double width);

/** Builds the net with Keras 3's layer names ("conv", "conv_bn", "expanded_conv_1_expand", ..., "logits") but for its
 *  activations, which Keras does not name; weights as mn_net_add leaves them. Keras' own models begin with a Rescaling
 *  layer besides. Errors: ARGUMENT (a spec out of range), MEMORY, LIMIT. */
mn_status mn_v3_small_build(const mn_net_spec *spec, mn_net *out);
mn_status mn_v3_large_build(const mn_net_spec *spec, mn_net *out);
mn_status mn_v3_small_minimalistic_build(const mn_net_spec *spec, mn_net *out);
mn_status mn_v3_large_minimalistic_build(const mn_net_spec *spec, mn_net *out);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From a state dict to a network: a state dict does not say how layers are connected, so it must be that of a
 * MobileNet, told by the names of its arrays and their shapes. */
#ifndef MN_TORCH_MATCH_H
#define MN_TORCH_MATCH_H

#include "net/net.h"
#include "net/origin.h"
#include "torch/state.h"

/** Builds the network and fills its weights; every array of the state has its place in it, or counts batches.
 *  Errors: FORMAT, UNSUPPORTED (another network's arrays, named), LIMIT, MEMORY. */
mn_status mn_torch_match(const mn_torch_state *state, const mn_origin_options *options, mn_net *out, mn_origin *origin);

#endif

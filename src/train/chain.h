/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From the layers of a net to the chain of units and the head that are trained. */
#ifndef MN_TRAIN_CHAIN_H
#define MN_TRAIN_CHAIN_H

#include "base/checked.h"
#include "train/network.h"

/** Channels with their padding. */
static inline int32_t mn_train_padded(int32_t channels) {
    return (int32_t)mn_round_up((size_t)channels, MN_TRAIN_ALIGN);
}

/** Fills the units and the head of `t`, which own no memory yet but theirs, and what pixels mean.
 *  Errors: UNSUPPORTED (the sentence names the layer), MEMORY. */
mn_status mn_train_read_layers(mn_train_net *t, const mn_net *net);

#endif

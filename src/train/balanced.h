/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Where training for weights with one scale per layer begins. */
#ifndef MN_TRAIN_BALANCED_H
#define MN_TRAIN_BALANCED_H

#include "net/net.h"

/** Rescales the channels of `net` as quant/balance.h does, by what batch norm lets expect of them: what it computes
 *  stays the same, and its weights suit one scale for each layer. *changed says whether: not where batch norm does not
 *  tell what all layers give, and not of a net that brings learned ranges, which are those of its channels as they
 *  are. Errors: MEMORY, those of mn_net_fold. */
mn_status mn_train_balance(mn_net *net, bool *changed);

#endif

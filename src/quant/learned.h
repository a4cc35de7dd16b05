/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Ranges of activations that quantisation-aware training learned (train/fake_quant.h). */
#ifndef MN_QUANT_LEARNED_H
#define MN_QUANT_LEARNED_H

#include "net/fold.h"
#include "quant/quant.h"

/** Does the net that `graph` was folded from bring ranges? Then *input is that of the model's input. `stats`
 *  [tensor_count] or NULL. */
bool mn_learned_input(const mn_graph *graph, const mn_channel_stats *stats, mn_interval *input);

/** Gives every open activation its range, or that of the tensors with which it shares one.
 *  Errors: FORMAT (there is none: the sentence names the tensor). */
mn_status mn_learned_ranges(mn_scheme *scheme, const mn_channel_stats *stats);

#endif

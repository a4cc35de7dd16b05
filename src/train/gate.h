/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Squeeze and excite: the channels of a unit's output are multiplied by gates, which two dense layers compute from the
 * means of the channels. */
#ifndef MN_TRAIN_GATE_H
#define MN_TRAIN_GATE_H

#include "train/network.h"

/** The gates of the whole batch, when the unit's batch norm is known. */
void mn_gate_forward(mn_train_net *t, mn_unit *unit);

/** Makes gradients by the unit's gated output, dy [batch][out_h][out_w][out_p], those by what its activation gives,
 *  with their sums; and the gradients of the two layers. */
void mn_gate_backward(mn_train_net *t, mn_unit *unit, float *dy);

/** Multiplies `rows` rows of the batch, from row `first` on, by their pictures' gates. */
void mn_gate_apply(const mn_train_net *t, const mn_unit *unit, size_t first, ptrdiff_t rows, float *values);

#endif

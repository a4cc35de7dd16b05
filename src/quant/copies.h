/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Copies of channels in place of dead ones. Training leaves channels that are zero whatever the input; where such a
 * channel is made, passed through depthwise convolutions and read by one layer, it can hold a copy of another channel,
 * and each of the two gives the reader half. A copy is moved by half a step of 8 bits, so that both are rounded at
 * different points: together they have steps of half the size, and a quarter of the squared error. It costs no time, as
 * the dead channel was computed before. */
#ifndef MN_QUANT_COPIES_H
#define MN_QUANT_COPIES_H

#include "quant/rescale.h"

/** Puts copies of the channels of `graph`, which passed mn_quant_prepare, whose rounding is to be felt most into the
 *  places of dead ones. `channels` ([tensor_count]) tells what each activation is and follows the changes; tensors of
 *  which nothing is known stay. What the graph computes stays the same but for values within a step of where RELU or
 *  RELU6 begins to cut. Errors: MEMORY. */
mn_status mn_copy_channels(mn_graph *graph, mn_channels *channels);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What quantisation-aware training leaves beside the weights, in a group of the HDF5 file that Keras does not look at:
 * the array "ranges" [layers that have one][low, high] in the order of the layers, and the text "scales" (of weights:
 * one for each "channel" or "layer"). */
#ifndef MN_KERAS_RANGES_H
#define MN_KERAS_RANGES_H

#include "keras/weights.h"

#define MN_KERAS_RANGES "quantization"

/** Brings the file's ranges, if it has any, to `net`. Errors: FORMAT (not those of this net, or not ranges), MEMORY. */
mn_status mn_keras_ranges_assign(mn_keras_weights *weights, mn_net *net);

#endif

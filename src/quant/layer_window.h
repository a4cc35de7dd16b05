/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Where a layer's filter lies on its input. */
#ifndef MN_QUANT_LAYER_WINDOW_H
#define MN_QUANT_LAYER_WINDOW_H

#include "graph/graph.h"
#include "kernels/params.h"

/** The window of a CONV_2D, DEPTHWISE_CONV_2D or FULLY_CONNECTED, which is seen as a 1x1 convolution over its rows. */
mn_window mn_layer_window(const mn_graph *graph, const mn_op *op);

#endif

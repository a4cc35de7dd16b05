/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From a parsed ONNX model to a network. */
#ifndef MN_ONNX_GRAPH_H
#define MN_ONNX_GRAPH_H

#include "net/net.h"
#include "onnx/model.h"

/** Builds the network into `net`, which is empty but for its name and stays owned by the caller on failure too. `size`
 *  is that of the input's sides where the file leaves them open, which *open says.
 *  Errors: FORMAT, UNSUPPORTED (a node that no layer stands for, named), LIMIT, MEMORY. */
mn_status mn_onnx_graph_build(mn_onnx_model *model, int32_t size, mn_net *net, bool *open);

#endif

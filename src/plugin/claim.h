/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which nodes of TensorFlow Lite's interpreter are taken over. */
#ifndef MN_PLUGIN_CLAIM_H
#define MN_PLUGIN_CLAIM_H

#include "delegate/tflite_abi.h"
#include "graph/graph.h"

/** Told about a node that is not claimed; mn_error_detail() says why. */
typedef void mn_claim_refused(tfl_context *context, int32_t node);

/** Lists in *out, which the caller frees with free(), the nodes of the execution plan that are supported: all, if they
 *  are as one model, else those that are by themselves. Errors: MEMORY, ARGUMENT (the interpreter does not show its
 *  plan). */
mn_status mn_claim_nodes(tfl_context *context, mn_claim_refused *refused, tfl_int_array **out);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Is this a float graph that can be quantised? Cleans it on the way. */
#ifndef MN_QUANT_PREPARE_H
#define MN_QUANT_PREPARE_H

#include "quant/quant.h"

/** Folds float16 and 8-bit weights to float32, drops operators and tensors that are not needed, and verifies that one
 * float input leads through operators that exist in int8, with finite constant weights, to the outputs. `graph` passed
 *  mn_graph_check and passes it again afterwards; tensors are renumbered.
 *  Errors: UNSUPPORTED (quantised already, or an operator that cannot be), FORMAT (NaN or infinite weights), MEMORY. */
mn_status mn_quant_prepare(mn_graph *graph);

#endif

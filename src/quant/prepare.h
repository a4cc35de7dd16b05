/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Is this a float graph that can be quantised? Cleans it on the way. */
#ifndef MN_QUANT_PREPARE_H
#define MN_QUANT_PREPARE_H

#include "quant/quant.h"

/** Folds float16 weights to float32, drops operators and tensors that are not needed, and verifies that one float input
 *  leads through operators that exist in int8, with finite constant weights, to the outputs. `graph` passed
 *  mn_graph_check and passes it again afterwards; tensors are renumbered.
 *  Errors: UNSUPPORTED (quantised already, or an operator that cannot be), FORMAT (NaN or infinite weights), MEMORY. */
mn_status mn_quant_prepare(mn_graph *graph);

/** What pixels 0 and 255 are to a float graph with one input: -1 and 1, unless its first operators multiply the input
 * by a number and add one. Then a network trained on -1..1 or 0..1 follows, and the range is the one that makes the
 * darkest pixel 0, as in a Rescaling layer; unknown if there is none. */
mn_interval mn_quant_meaning(const mn_graph *graph);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Operators that TensorFlow Lite has not in 8 bits, as others that it has. */
#ifndef MN_QUANT_REWRITE_H
#define MN_QUANT_REWRITE_H

#include "graph/graph.h"

/** In a float graph SQUARE becomes a product, DIV by a constant one by its reciprocal, and SUM a MEAN times a number.
 *  New tensors come behind all others. Errors: MEMORY. */
mn_status mn_quant_rewrite(mn_graph *graph);

#endif

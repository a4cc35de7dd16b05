/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From a scheme to the int8 graph that it describes. */
#ifndef MN_QUANT_APPLY_H
#define MN_QUANT_APPLY_H

#include "quant/quant.h"

/** Makes the int8 graph, with its own copies of everything. Tensors keep their indices and names; those that are new (a
 *  bias where there was none) come behind. Call mn_scheme_share_ranges first.
 *
 *  A bias is int32 at input scale x weight scale. Where that product is too small for the bias to fit, the channel's
 *  weight scale is widened, and its weights rounded again. Errors: MEMORY, those of mn_graph_check. */
mn_status mn_scheme_apply(const mn_scheme *scheme, mn_graph *out);

/** Changes what goes in and comes out of an int8 graph to `type`: MN_INT8 leaves it as it is; MN_UINT8 puts QUANTIZE
 *  operators at the ends, with the zero point 128 higher; MN_FLOAT32 QUANTIZE and DEQUANTIZE. The outer tensors take
 * the names of the inner ones, which get "_int8" behind theirs. Errors: MEMORY, ARGUMENT (another type). */
mn_status mn_quant_set_io(mn_graph *graph, mn_type type);

#endif

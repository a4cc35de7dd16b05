/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* One scale for a sum and its operands. ADD rounds its result, unless all three have the same scale; but then the
 * smaller ones have larger steps than they need. */
#ifndef MN_QUANT_SUMS_H
#define MN_QUANT_SUMS_H

#include "quant/quant.h"

/** Joins the scales around each ADD of `scheme`, whose ranges are shared, where less noise is to be expected with them
 *  joined. Errors: MEMORY. */
mn_status mn_scheme_share_sums(mn_scheme *scheme);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How a fused step is cut for several threads. */
#ifndef MN_PLAN_BANDS_H
#define MN_PLAN_BANDS_H

#include "kernels/params.h"

/** Bands of rows for a MN_K_CONV_DEPTHWISE step that `threads` share: one for each in high images, so that each thread
 *  finds the rows it wrote in its own cache; otherwise the fewest with which the busiest of them has least to do.
 * Blocks of channels need no bands where they can be shared evenly, and a band computes the rows again that its filter
 * has in common with the band above. */
int32_t mn_plan_bands(const mn_conv_depthwise_params *p, int32_t threads);

/** Sets the rows and channels of a unit of `p` so that the busiest of `threads` threads has the least to do. */
void mn_plan_project_units(mn_project_params *p, mn_type type, int32_t threads);

#endif

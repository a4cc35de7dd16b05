/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What values each channel takes on photos. */
#ifndef MN_QUANT_EQUALISE_OBSERVE_H
#define MN_QUANT_EQUALISE_OBSERVE_H

#include "quant/equalise.h"
#include "quant/runner.h"

/** Runs the float graph of `runner` over the samples and describes every tensor that its operators compute:
 *  out[tensor_count], whose memory belongs to `region`. Errors: MEMORY, those of running. */
mn_status mn_channels_observe(const mn_graph *graph, mn_runner *runner, const mn_samples *samples,
                              const mn_quant_progress *progress, mn_region *region, mn_channels *out);

#endif

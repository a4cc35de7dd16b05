/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Bias correction where it counts: what RELU and RELU6 cut off may be anything. Learned rounding (round.h) makes errors
 * small around their mean there; those of rounding to nearest are larger, and gain nothing from it. */
#ifndef MN_QUANT_CORRECT_ACTIVE_H
#define MN_QUANT_CORRECT_ACTIVE_H

#include "quant/runner.h"

/** Changes biases of the layers of `scheme` with RELU or RELU6, after mn_correct_biases (correct.h): the mean of a
 *  channel stays what it is in the float graph, which `floats` runs, over those places where the activation function
 *  changes nothing, a sample of them. A channel that has few of them stays. Errors: MEMORY, those of running. */
mn_status mn_correct_active(mn_scheme *scheme, mn_runner *floats, const mn_samples *samples,
                            const mn_quant_progress *progress);

#endif

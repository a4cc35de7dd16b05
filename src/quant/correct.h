/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Bias correction (Nagel et al., Data-Free Quantization through Weight Equalization and Bias Correction, 2019, section
 * 4.2): rounding shifts the mean of what a layer computes, and a bias takes a shift back without cost. */
#ifndef MN_QUANT_CORRECT_H
#define MN_QUANT_CORRECT_H

#include "quant/runner.h"

/** Changes the bias of every layer of `scheme`, whose ranges are shared, so that over the samples the mean of each
 * output channel, before its activation function, stays what it is in the float graph, which `floats` runs, when the
 * layer is given the float graph's activations rounded to their 8 bits. Shifts from layers further up are corrected
 * there; to correct them once more here would add up along the network. Errors: MEMORY, those of running. */
mn_status mn_correct_biases(mn_scheme *scheme, mn_runner *floats, const mn_samples *samples,
                            const mn_quant_progress *progress);

#endif

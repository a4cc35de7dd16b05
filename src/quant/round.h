/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Learns from photos how to round weights and with which scales: not to the nearest value, but so that each layer's
 * outputs change least (the aim of Nagel et al., Up or Down? Adaptive Rounding for Post-Training Quantization, 2020;
 * reached here by coordinate descent instead of gradients). */
#ifndef MN_QUANT_ROUND_H
#define MN_QUANT_ROUND_H

#include "quant/runner.h"

/** Changes scales and stored weights of every layer of `scheme`, whose ranges are shared; `floats` runs its graph. Each
 *  layer is given the float graph's activations rounded to their 8 bits. Scales of layers quantised per tensor stay.
 *  Copies of a channel (copies.h) make up for each other's errors. `seed` chooses the places of the photos that are
 * looked at. The result does not depend on the number of jobs. Correct biases afterwards: only errors around the mean
 * are made small here. Errors: MEMORY, THREAD, those of running. */
mn_status mn_round_learn(mn_scheme *scheme, mn_runner *floats, const mn_samples *samples, uint64_t seed,
                         const mn_quant_progress *progress);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Finds out which values activations take, by running the float graph over photos. */
#ifndef MN_QUANT_CALIBRATE_H
#define MN_QUANT_CALIBRATE_H

#include "quant/range.h"
#include "quant/runner.h"

/** Sets the range of every open activation of `scheme` by `method`; `runner` runs the scheme's graph. With MN_RANGE_MSE
 *  scores that a SOFTMAX reads get the range that changes the answer least (scores.h).
 *  Errors: MEMORY, FORMAT (an activation is NaN or infinite: the sentence names the tensor). */
mn_status mn_calibrate(mn_scheme *scheme, mn_runner *runner, const mn_samples *samples, mn_range_method method,
                       const mn_quant_progress *progress);

#endif

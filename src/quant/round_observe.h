/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the inputs of each layer have to do with each other, on photos. */
#ifndef MN_QUANT_ROUND_OBSERVE_H
#define MN_QUANT_ROUND_OBSERVE_H

#include "quant/runner.h"

/** What one layer is given. */
typedef struct mn_inputs {
    int32_t count;     /* weights of one output channel */
    bool depthwise;    /* each channel has inputs of its own */
    int32_t places;    /* looked at: of the output, over all samples */
    int16_t *values;   /* not depthwise: [places][count], stored values without their zero point */
    int64_t *products; /* depthwise: [channels][count][count] sums over the places where the output is neither at its
                        * lowest nor at its highest value */
    int64_t *sums;     /* depthwise: [channels][count] */
    int64_t *used;     /* depthwise: [channels], how many places that are */
} mn_inputs;

/** Looks at every layer of `scheme`, whose ranges are shared, over the samples: out[layer_count], whose memory belongs
 *  to `region`. A layer that mn_round_learn cannot improve gets a count of 0. Errors: MEMORY, those of running. */
mn_status mn_inputs_observe(const mn_scheme *scheme, mn_runner *floats, const mn_samples *samples, uint64_t seed,
                            const mn_quant_progress *progress, mn_region *region, mn_inputs *out);

/** Covariance of the inputs of output channel `channel` (the same for all unless depthwise), in squares of the input's
 *  scale, to h[count][count]; false where there is too little to tell. `sum` is for intermediate results, [count].
 *  Where fewer places than inputs were looked at, covariances shrink towards zero and variances stay, so that no
 *  combination of inputs counts as constant. */
bool mn_inputs_covariance(const mn_inputs *inputs, int32_t channel, double *h, double *sum);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The range of scores, which a softmax reads. What counts there is not how near a score is: the low ones add next to
 * nothing to any probability, while the highest, which are few, decide. So the squared error is the wrong measure, and
 * the answer itself can be had. */
#ifndef MN_QUANT_SCORES_H
#define MN_QUANT_SCORES_H

#include "quant/quant.h"

/** Scores of photos, as the float graph computes them. */
typedef struct mn_scores {
    int32_t rows, classes;
    const float *values; /* [rows][classes], finite */
} mn_scores;

/** The mean Kullback-Leibler divergence, in nats, of the softmax of scores stored with `step` from that of `scores`. */
double mn_scores_divergence(const mn_scores *scores, mn_step8 step);

/** The part of `all`, a range that holds every score and zero, with about the least divergence. */
mn_interval mn_scores_range(const mn_scores *scores, mn_interval all);

/** Does `op`, a SOFTMAX, read scores whose range nothing else of `scheme` depends on? */
bool mn_scores_are_free(const mn_scheme *scheme, const mn_op *op);

#endif

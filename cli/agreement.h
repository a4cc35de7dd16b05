/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How far the answers of two models are from each other. */
#ifndef MN_CLI_AGREEMENT_H
#define MN_CLI_AGREEMENT_H

#include <stdbool.h>
#include <stdint.h>

/** What answers a model gives. */
typedef struct cli_answers_of {
    int32_t classes;
    bool labels; /* several may hold at once */
} cli_answers_of;

/** Classes that two models can be compared by: as many as the one with fewer has, the last ones of both, for 1000
 * classes beside 1001 that begin with a background. 0 for models of different classes or kinds. */
int32_t cli_shared_classes(cli_answers_of a, cli_answers_of b);

/** Divergence of the second answer from the first in nats: Kullback and Leibler's, of several `labels` the sum over
 *  them. Both have `count` scores. */
double cli_divergence(bool labels, const float *a, const float *b, int32_t count);

/** The same of `count` probabilities, where scores are not known: 8 bits make most of them 0, which counts as half a
 * step of 1/256. */
double cli_divergence_of_probabilities(bool labels, const float *a, const float *b, int32_t count);

#endif

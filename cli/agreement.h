/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How far the answers of two models are from each other. */
#ifndef MN_CLI_AGREEMENT_H
#define MN_CLI_AGREEMENT_H

#include "classify/ending.h"

/** What answers a model gives. */
typedef struct cli_answers_of {
    int32_t classes;
    bool labels;  /* several may hold at once */
    bool guessed; /* `labels` is: the other model tells */
    bool scored;  /* scores are what the model computes, not recovered from probabilities */
    double step;  /* between two probabilities; 0: floats */
} cli_answers_of;

cli_answers_of cli_answers_at(const mn_ending *ending);

/** One answer: [classes] each, as mn_ending_read() gives them. */
typedef struct cli_answer_values {
    const float *probabilities, *scores;
} cli_answer_values;

/** How far two answers are apart. */
typedef struct cli_agreement {
    bool agree;                    /* the best class is the same */
    double divergence, difference; /* in nats; the largest between two probabilities */
} cli_agreement;

/** Classes that two models can be compared by: as many as the one with fewer has, the last ones of both, for 1000
 * classes beside 1001 that begin with a background. 0 for models of different classes or kinds. */
int32_t cli_shared_classes(cli_answers_of a, cli_answers_of b);

/** Are the answers compared by their scores? Else, as one model tells probabilities only, by those of both. */
bool cli_compares_scores(cli_answers_of a, cli_answers_of b);

/** Compares answers of two models that share classes. */
cli_agreement cli_compare_answers(cli_answers_of a, cli_answer_values of_a, cli_answers_of b, cli_answer_values of_b);

/** Divergence of the second answer from the first in nats: Kullback and Leibler's, of several `labels` the sum over
 *  them. Both have `count` scores. */
double cli_divergence(bool labels, const float *a, const float *b, int32_t count);

/** The same of probabilities in steps of `step`, which need not add up to 1: those below half a step count as that. */
double cli_divergence_of_probabilities(bool labels, double step, const float *a, const float *b, int32_t count);

#endif

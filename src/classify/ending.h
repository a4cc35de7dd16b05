/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What an output of a classifier means: how the graph ends there, the classes it tells apart, and their probabilities.
 */
#ifndef MN_CLASSIFY_ENDING_H
#define MN_CLASSIFY_ENDING_H

#include "graph/graph.h"
#include "mobilenet_classify.h"

typedef struct mn_ending {
    mn_ending_kind kind;
    int32_t output;       /* number of the output */
    mn_tensor given;      /* the output */
    int32_t units;        /* of the output */
    int32_t classes;      /* `units`; 2 for one unit: 0 is "not", 1 is what the unit is about */
    bool labels;          /* several may hold at once: a sigmoid over more than one unit */
    bool guessed;         /* nobody sees what made the probabilities: a softmax is assumed of several units */
    int32_t score_tensor; /* what the last softmax or sigmoid reads; -1 where there is none that can be read */
    mn_tensor scores;
    double beta; /* of the softmax: scores count so many times */
} mn_ending;

/** Finds the ending at output `wanted`: its number or the name of its tensor, or NULL for the first.
 *  Errors: ARGUMENT (no such output), UNSUPPORTED (not one row of numbers; a softmax over one class): the sentence
 * names the model, and the other outputs if there are any. */
mn_status mn_ending_find(const mn_graph *graph, const char *wanted, mn_ending *out);

/** From what the output holds, and the tensor of scores (NULL where it is not known): probabilities[classes] as the
 * model gives them, and scores[classes], of which the higher stands for the more probable class, and whose softmax (for
 * several labels: whose sigmoids) the probabilities are, but not rounded to 8 bits. Probabilities that are 0 or 1 count
 * as half an output step away where the scores are not known. */
void mn_ending_read(const mn_ending *ending, const void *given, const void *scores, float *probabilities,
                    float *result);

#endif

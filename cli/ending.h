/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What an output of a classifier means: how the graph ends there, the classes it tells apart, and their probabilities.
 */
#ifndef MN_CLI_ENDING_H
#define MN_CLI_ENDING_H

#include "graph/graph.h"

typedef enum cli_ending_kind {
    CLI_ENDS_IN_SOFTMAX, /* one class holds: probabilities that add up to 1 */
    CLI_ENDS_IN_SCORES, /* neither softmax nor sigmoid: whoever wants probabilities applies a softmax, or, to one score,
                         * a sigmoid */
    CLI_ENDS_IN_SIGMOID, /* each label holds or not, with a probability of its own */
} cli_ending_kind;

/** Name for JSON: "softmax", "scores", "sigmoid". */
const char *cli_ending_name(cli_ending_kind kind);

typedef struct cli_ending {
    cli_ending_kind kind;
    int32_t output;       /* number of the output */
    mn_tensor given;      /* the output */
    int32_t units;        /* of the output */
    int32_t classes;      /* `units`; 2 for one unit: 0 is "not", 1 is what the unit is about */
    bool labels;          /* several may hold at once: a sigmoid over more than one unit */
    int32_t score_tensor; /* what the last softmax or sigmoid reads; -1 where there is none that can be read */
    mn_tensor scores;
    double beta; /* of the softmax: scores count so many times */
} cli_ending;

/** Finds the ending at output `wanted`: its number or the name of its tensor, or NULL for the first.
 *  Errors: ARGUMENT (no such output), UNSUPPORTED (not one row of numbers; a softmax over one class): the sentence
 * names the model, and the other outputs if there are any. */
mn_status cli_ending_find(const mn_graph *graph, const char *wanted, cli_ending *out);

/** From what the output holds, and the tensor of scores (NULL where it is not known): probabilities[classes] as the
 * model gives them, and scores[classes], of which the higher stands for the more probable class, and whose softmax (for
 * several labels: whose sigmoids) the probabilities are, but not rounded to 8 bits. Probabilities that are 0 or 1 count
 * as half an output step away where the scores are not known. */
void cli_ending_read(const cli_ending *ending, const void *given, const void *scores, float *probabilities,
                     float *result);

/** Classes that two models can be compared by: as many as the one with fewer has, the last ones of both, for 1000
 * classes beside 1001 that begin with a background. 0 for models of different classes or kinds. */
int32_t cli_ending_shared(const cli_ending *a, const cli_ending *b);

/** Divergence of the second answer from the first in nats: Kullback and Leibler's, of several labels the sum over them.
 *  Both have `count` scores and are of one kind. */
double cli_ending_divergence(const cli_ending *ending, const float *a, const float *b, int32_t count);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a graph answers to photos in memory, so that it can be compared with a graph made of it later. */
#ifndef MN_CLI_ANSWERS_H
#define MN_CLI_ANSWERS_H

#include "agreement.h"
#include "quant/quant.h"

/** Start with `cli_answers answers = {0};`. */
typedef struct cli_answers {
    bool known; /* else the graph is not a classifier */
    cli_answers_of of;
    int32_t count;
    float *values; /* [count][2][of.classes]: probabilities, scores; owned */
} cli_answers;

/** Runs `graph`, which has one input, over all samples on `jobs` threads (0: one per processor). Errors: MEMORY, those
 * of mn_runner_create. Free in every case. */
mn_status cli_answers_collect(const mn_graph *graph, const mn_samples *samples, int32_t jobs,
                              const mn_quant_progress *progress, cli_answers *out);

void cli_answers_free(cli_answers *answers);

/** How far the answers of two graphs to the same photos are apart. */
typedef struct cli_agreed {
    int32_t count;     /* of photos; 0: not known */
    int32_t agree;     /* on the best class */
    double divergence; /* of the second from the first: mean over the photos, in nats */
} cli_agreed;

/** Nothing is known of graphs that are not classifiers of the same classes. */
cli_agreed cli_answers_compare(const cli_answers *first, const cli_answers *second);

#endif

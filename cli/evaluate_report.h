/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What an evaluation found, added up in the order of the photos: the sums do not depend on who computed what. */
#ifndef MN_CLI_EVALUATE_REPORT_H
#define MN_CLI_EVALUATE_REPORT_H

#include "classifier.h"
#include "photos.h"

/** What one model said of one photo. */
typedef struct cli_answer {
    int32_t best;      /* output with the highest probability */
    float probability; /* of `best` */
    bool top1, top5;   /* the truth is the best, is among the best five; false when it is not known */
} cli_answer;

typedef struct cli_outcome {
    bool failed; /* there is no answer */
    bool fatal;  /* because memory ran out or a delegate failed, which is no fault of the photo */
    char *error; /* why; owned; NULL when not failed, or when there was no memory for it */
    cli_answer answer[2];
    cli_agreement apart; /* of two models */
} cli_outcome;

typedef struct cli_evaluation {
    int32_t models; /* 1, or 2 with --compare */
    const char *path[2];
    cli_labels *labels;               /* of the first model */
    const cli_classifier *classifier; /* [models] */
    const cli_photos *photos;
    cli_outcome *outcomes; /* [photos->count] */
    double *values;        /* [photos->count]: room to add up in */
    int32_t jobs;
    double seconds;
} cli_evaluation;

/** Names every photo without an answer on stderr; returns the number of photos with one. */
int32_t cli_report_unreadable(const cli_evaluation *evaluation);

void cli_report_text(const cli_evaluation *evaluation);
void cli_report_json(const cli_evaluation *evaluation);

#endif

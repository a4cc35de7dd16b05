/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The library's classifiers, and what the commands say of them. Functions return the library's statuses. */
#ifndef MN_CLI_CLASSIFIER_H
#define MN_CLI_CLASSIFIER_H

#include "agreement.h"
#include "common/json.h"
#include "common/options.h"
#include "graph/graph.h"
#include "image_options.h"
#include "session_options.h"

/** Shared by threads; read only after opening. Start with `cli_classifier classifier = {0};`. */
typedef struct cli_classifier {
    mn_model *model;
    cli_session_setup setup;
    mn_preprocess_options preprocess;
    mn_classifier_options options; /* points to the two above */
    mn_classifier *first;          /* the one that `info` and `input` describe, and the first worker's */
    bool lent;                     /* to the first worker */
    mn_classifier_info info;
    mn_preprocess_info input;
    cli_answers_of answers;
    int32_t outputs;             /* of the model */
    bool chosen;                 /* the output, by name or number */
    const mn_class_names *known; /* what the model calls its classes, or NULL */
    bool quantised;              /* at least one operator computes in 8 bits */
} cli_classifier;

/** Option table entry for the output, a text `member` of the settings struct `type`. */
#define CLI_OUTPUT_OPTION(type, member)                                                                                \
    {                                                                                                                  \
        .name = "output", .kind = CLI_TEXT, .offset = offsetof(type, member), .value = "N|NAME",                       \
        .help = "number or name of the output with the classes [0]"                                                    \
    }

/** What the answers are, in words that begin with a comma: ", gives scores: softmax applied"; and which output gives
 * them where there are several. */
#define CLI_ANSWERS_TEXT 320
const char *cli_classifier_answers(const cli_classifier *classifier, char text[CLI_ANSWERS_TEXT]);

/** Members that say the same. */
void cli_json_answers(cli_json *json, const cli_classifier *classifier);

/** `output` chooses one of several. Says what a delegate leaves to the processor. Errors: those of mn_model_open(),
 * mn_classifier_create() and delegates. Close in every case. */
mn_status cli_classifier_open(const char *path, const char *output, const cli_session_options *session,
                              const mn_preprocess_options *preprocess, cli_classifier *out);
void cli_classifier_close(cli_classifier *classifier);

/** What one thread needs. Start with `cli_worker worker = {0};`. */
typedef struct cli_worker {
    const cli_classifier *classifier;
    mn_classifier *own;
    const float *probabilities, *scores; /* [classes], of the last photo */
    uint64_t first_ns;                   /* how long the warm-up took */
    uint64_t run_ns;                     /* how long the last inference took, without reading and resizing the photo */
} cli_worker;

/** Close in every case. Workers are opened by one thread, and closed before their
 *  classifier. */
mn_status cli_worker_open(cli_classifier *classifier, cli_worker *out);
/** Runs once for nothing, so that the first photo is not timed in cold memory, nor with a delegate that compiles in its
 * first run. */
mn_status cli_worker_warm_up(cli_worker *worker);
/** Probabilities for the photo that was shown. */
mn_status cli_worker_run(cli_worker *worker);
void cli_worker_close(cli_worker *worker);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A model used as an image classifier: photos in, probabilities out. Functions return the library's statuses. */
#ifndef MN_CLI_CLASSIFIER_H
#define MN_CLI_CLASSIFIER_H

#include "common/json.h"
#include "common/options.h"
#include "ending.h"
#include "image/prepare.h"
#include "mobilenet.h"

/** Shared by threads; read only after opening. Start with `cli_classifier classifier = {0};`. */
typedef struct cli_classifier {
    mn_model *model;
    mn_session_options options;
    cli_ending ending;    /* of the output that was chosen */
    int32_t outputs;      /* of the model */
    bool chosen;          /* by name or number */
    int32_t score_output; /* number of the output that holds the scores before the last operator; -1: none */
    mn_prepare prepare;
    int32_t classes;
    const mn_class_names *known; /* what the model calls them, or NULL */
    bool quantised;              /* at least one operator computes in 8 bits */
} cli_classifier;

/** Option table entry for the output, a text `member` of the settings struct `type`. */
#define CLI_OUTPUT_OPTION(type, member)                                                                                \
    {                                                                                                                  \
        .name = "output", .kind = CLI_TEXT, .offset = offsetof(type, member), .value = "N|NAME",                       \
        .help = "number or name of the output that tells the class [0]"                                                \
    }

/** What the answers are, in words that begin with a comma: ", gives scores: softmax applied"; and which output gives
 * them where there are several. */
#define CLI_ANSWERS_TEXT 320
const char *cli_classifier_answers(const cli_classifier *classifier, char text[CLI_ANSWERS_TEXT]);

/** Members that say the same. */
void cli_json_answers(cli_json *json, const cli_classifier *classifier);

/** `output` chooses one of several (cli_ending_find). Errors: those of mn_model_open; UNSUPPORTED when the model is not
 * an image classifier; ARGUMENT for `prepare` options that do not fit. Close in every case. */
mn_status cli_classifier_open(const char *path, const char *output, const mn_session_options *options,
                              const mn_prepare_options *prepare, cli_classifier *out);
void cli_classifier_close(cli_classifier *classifier);

/** How photos become the first input of `model`; `options` NULL means defaults. Errors: those of mn_model_pixels,
 * unless the options say what pixels are, and of mn_prepare_init. */
mn_status cli_contract(const mn_model *model, const mn_prepare_options *options, mn_prepare *out);

/** What one thread needs. Start with `cli_worker worker = {0};`. */
typedef struct cli_worker {
    const cli_classifier *classifier;
    mn_session *session;
    float *probabilities; /* [classes], of the last photo */
    float *scores;        /* [classes]: what ranks them, and what they follow from (cli_ending_read) */
    uint64_t run_ns;      /* how long the last inference took, without reading and resizing the photo */
} cli_worker;

/** Close in every case. */
mn_status cli_worker_open(const cli_classifier *classifier, cli_worker *out);
/** Runs once for nothing, so that the first photo is not timed in cold memory. */
mn_status cli_worker_warm_up(cli_worker *worker);
/** The model's input, for mn_fill_photo(). */
mn_fill cli_worker_fill(cli_worker *worker);
/** Probabilities for the photo that was filled in. */
mn_status cli_worker_classify(cli_worker *worker);
void cli_worker_close(cli_worker *worker);

#endif

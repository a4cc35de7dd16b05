/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A model used as an image classifier: photos in, probabilities out. Functions return the library's statuses. */
#ifndef MN_CLI_CLASSIFIER_H
#define MN_CLI_CLASSIFIER_H

#include "graph/meaning.h"
#include "image/prepare.h"
#include "mobilenet.h"

/** Shared by threads; read only after opening. Start with `cli_classifier classifier = {0};`. */
typedef struct cli_classifier {
    mn_model *model;
    mn_session_options options;
    mn_tensor_info output;
    mn_prepare prepare;
    int32_t classes;
    const mn_class_names *known; /* what the model calls them, or NULL */
    bool logits;                 /* the model ends without a softmax: one is applied here */
    bool quantised;              /* at least one operator computes in 8 bits */
} cli_classifier;

/** Errors: those of mn_model_open; UNSUPPORTED when the model is not an image classifier; ARGUMENT for `prepare`
 *  options that do not fit. Close in every case. */
mn_status cli_classifier_open(const char *path, const mn_session_options *options, const mn_prepare_options *prepare,
                              cli_classifier *out);
void cli_classifier_close(cli_classifier *classifier);

/** How photos become the first input of `model`; `options` NULL means defaults. Errors: those of mn_model_pixels,
 * unless the options say what pixels are, and of mn_prepare_init. */
mn_status cli_contract(const mn_model *model, const mn_prepare_options *options, mn_prepare *out);

/** What one thread needs. Start with `cli_worker worker = {0};`. */
typedef struct cli_worker {
    const cli_classifier *classifier;
    mn_session *session;
    float *probabilities; /* [classes], of the last photo */
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

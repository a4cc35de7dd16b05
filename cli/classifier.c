/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "classifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "graph/stored.h"
#include "labels.h"
#include "model_file.h"
#include "session/model.h"

static bool is_quantised(const mn_tensor_info *info) { return mn_is_stored(info->type) && info->quant.count > 0; }

static bool computes_in_8_bits(const mn_model *model) {
    for (int32_t i = 0; i < mn_model_op_count(model); i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        if (mn_model_op(model, i, &op) != MN_OK || op.output_count == 0 || op.macs == 0) continue;
        if (mn_model_tensor(model, op.outputs[0], &info) == MN_OK && is_quantised(&info)) return true;
    }
    return false;
}

/* Has the scores before the last operator kept, where there are any. */
static mn_status open_ending(const char *wanted, cli_classifier *c) {
    c->outputs = mn_model_output_count(c->model);
    c->chosen = wanted != NULL;
    MN_TRY(cli_ending_find(&c->model->graph, wanted, &c->ending));
    c->classes = c->ending.classes;
    c->known = cli_labels_known(&c->model->graph.meaning, c->ending.output);
    c->score_output = -1;
    if (c->ending.score_tensor < 0) return MN_OK;
    return mn_model_add_output(c->model, c->ending.score_tensor, &c->score_output);
}

mn_status cli_contract(const mn_model *model, const mn_prepare_options *options, mn_prepare *out) {
    const mn_graph *graph = &model->graph;
    mn_pixels pixels = MN_INIT(mn_pixels);
    mn_status told = options && mn_prepare_given(options) ? MN_OK : mn_model_pixels(model, &pixels);
    /* First: an input that is no picture says nothing of pixels. */
    MN_TRY(mn_prepare_init(&graph->tensors[graph->inputs[0]], &pixels, options, out));
    return told;
}

mn_status cli_classifier_open(const char *path, const char *output, const mn_session_options *options,
                              const mn_prepare_options *prepare, cli_classifier *out) {
    mn_tensor_info input = MN_INIT(mn_tensor_info);
    out->options = *options;
    MN_TRY(cli_model_open(path, &out->model));
    if (mn_model_input_count(out->model) != 1 || mn_model_output_count(out->model) < 1) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: has %d inputs and %d outputs, so it is not an image classifier, which has one of each; "
                       "'mobilenet run' runs any model",
                       path, mn_model_input_count(out->model), mn_model_output_count(out->model));
    }
    MN_TRY(mn_model_tensor(out->model, mn_model_input(out->model, 0), &input));
    mn_status status = cli_contract(out->model, prepare, &out->prepare);
    if (status != MN_OK) return mn_fail_prefix(status, path);
    if (out->prepare.bytes != input.bytes) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: takes a batch of %d pictures; only a batch of one can be shown to it",
                       path, input.dims[0]);
    }
    out->quantised = computes_in_8_bits(out->model);
    return open_ending(output, out);
}

void cli_classifier_close(cli_classifier *classifier) { mn_model_close(&classifier->model); }

const char *cli_classifier_answers(const cli_classifier *c, char text[CLI_ANSWERS_TEXT]) {
    const cli_ending *e = &c->ending;
    const char *what = "";
    if (e->kind == CLI_ENDS_IN_SCORES) {
        what = e->units > 1 ? ", gives scores: softmax applied" : ", gives one score: sigmoid applied";
    } else if (e->kind == CLI_ENDS_IN_SIGMOID) {
        what = e->labels ? ", each with a sigmoid of its own: several may hold" : ", told apart by one sigmoid";
    }
    int used = snprintf(text, CLI_ANSWERS_TEXT, "%s", what);
    if (c->outputs > 1) {
        snprintf(text + used, CLI_ANSWERS_TEXT - (size_t)used, "; output %d of %d, '%s'%s", e->output, c->outputs,
                 e->given.name, c->chosen ? "" : " (--output chooses another)");
    }
    return text;
}

void cli_json_answers(cli_json *json, const cli_classifier *c) {
    cli_json_text(json, "ends_in", cli_ending_name(c->ending.kind));
    cli_json_bool(json, "softmax_applied", c->ending.kind == CLI_ENDS_IN_SCORES && c->ending.units > 1);
    cli_json_bool(json, "sigmoid_applied", c->ending.kind == CLI_ENDS_IN_SCORES && c->ending.units == 1);
    cli_json_bool(json, "several_labels", c->ending.labels);
    cli_json_int(json, "output", c->ending.output);
    cli_json_text(json, "output_name", c->ending.given.name);
    cli_json_int(json, "outputs", c->outputs);
}

mn_status cli_worker_open(const cli_classifier *classifier, cli_worker *out) {
    out->classifier = classifier;
    out->probabilities = malloc((size_t)classifier->classes * sizeof *out->probabilities);
    out->scores = malloc((size_t)classifier->classes * sizeof *out->scores);
    if (out->probabilities == NULL || out->scores == NULL) return mn_fail_memory("the probabilities");
    return mn_session_create(classifier->model, &classifier->options, &out->session);
}

mn_status cli_worker_warm_up(cli_worker *worker) {
    memset(mn_session_input(worker->session, 0), 0, worker->classifier->prepare.bytes);
    return mn_session_run(worker->session);
}

mn_fill cli_worker_fill(cli_worker *worker) {
    return (mn_fill){.prepare = &worker->classifier->prepare, .tensor = mn_session_input(worker->session, 0)};
}

mn_status cli_worker_classify(cli_worker *worker) {
    const cli_classifier *c = worker->classifier;
    uint64_t start = mn_clock_ns();
    MN_TRY(mn_session_run(worker->session));
    worker->run_ns = mn_clock_ns() - start;
    cli_ending_read(&c->ending, mn_session_output(worker->session, c->ending.output),
                    c->score_output < 0 ? NULL : mn_session_output(worker->session, c->score_output),
                    worker->probabilities, worker->scores);
    return MN_OK;
}

void cli_worker_close(cli_worker *worker) {
    mn_session_close(&worker->session);
    free(worker->probabilities);
    free(worker->scores);
    *worker = (cli_worker){0};
}

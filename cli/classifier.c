/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "classifier.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "classify/names.h"
#include "graph/stored.h"
#include "model_file.h"
#include "session/model.h"

static bool is_quantised(const mn_tensor_info *info) { return mn_is_stored(info->type) && info->quant.count > 0; }

static bool computes_in_8_bits(const mn_model *model) {
    for (int32_t i = 0; i < mn_model_op_count(model); i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        const bool known = mn_model_op(model, i, &op) == MN_OK && op.output_count > 0;
        if (!known || (op.macs == 0 && strcmp(op.name, "CUSTOM") != 0)) continue; /* only some tell their macs */
        if (mn_model_tensor(model, op.outputs[0], &info) == MN_OK && is_quantised(&info)) return true;
    }
    return false;
}

static mn_status create_first(cli_classifier *c) {
    const mn_status status = mn_classifier_create(c->model, &c->options, &c->first);
    if (status == MN_OK || !cli_session_setup_forgo(&c->setup, status)) return status;
    return mn_classifier_create(c->model, &c->options, &c->first);
}

mn_status cli_classifier_open(const char *path, const char *output, const cli_session_options *session,
                              const mn_preprocess_options *preprocess, cli_classifier *out) {
    mn_ending ending;
    out->preprocess = *preprocess;
    out->options = (mn_classifier_options)MN_INIT(mn_classifier_options);
    out->options.output = output;
    out->options.session = &out->setup.options;
    out->options.preprocess = &out->preprocess;
    out->info = (mn_classifier_info)MN_INIT(mn_classifier_info);
    out->input = (mn_preprocess_info)MN_INIT(mn_preprocess_info);
    out->chosen = output != NULL;
    MN_TRY(cli_session_setup_open(session, &out->setup));
    MN_TRY(cli_model_open(path, &out->model));
    MN_TRY(create_first(out));
    MN_TRY(cli_session_accept(&out->setup, out->model, mn_classifier_session(out->first)));
    cli_session_tell(&out->setup, out->model, mn_classifier_session(out->first));
    MN_TRY(mn_classifier_describe(out->first, &out->info));
    MN_TRY(mn_classifier_describe_input(out->first, &out->input));
    MN_TRY(mn_ending_find(&out->model->graph, output, &ending));
    out->answers = cli_answers_at(&ending);
    out->outputs = mn_model_output_count(out->model);
    out->known = mn_names_known(&out->model->graph.meaning, out->info.output);
    out->quantised = computes_in_8_bits(out->model);
    return MN_OK;
}

void cli_classifier_close(cli_classifier *classifier) {
    mn_classifier_close(&classifier->first);
    mn_model_close(&classifier->model);
    cli_session_setup_close(&classifier->setup);
}

const char *cli_classifier_answers(const cli_classifier *c, char text[CLI_ANSWERS_TEXT]) {
    const mn_classifier_info *e = &c->info;
    const char *what = "";
    if (e->ending == MN_ENDS_IN_SCORES) {
        what = e->units > 1 ? ", gives scores: softmax applied" : ", gives one score: sigmoid applied";
    } else if (e->ending == MN_ENDS_IN_SIGMOID) {
        what = e->labels ? ", each with a sigmoid of its own: several may hold" : ", told apart by one sigmoid";
    }
    int used = snprintf(text, CLI_ANSWERS_TEXT, "%s", what);
    if (c->outputs > 1) {
        snprintf(text + used, CLI_ANSWERS_TEXT - (size_t)used, "; output %d of %d, '%s'%s", e->output, c->outputs,
                 e->output_name, c->chosen ? "" : " (--output chooses another)");
    }
    return text;
}

void cli_json_answers(cli_json *json, const cli_classifier *c) {
    cli_json_text(json, "ends_in", mn_ending_name(c->info.ending));
    cli_json_bool(json, "softmax_applied", c->info.ending == MN_ENDS_IN_SCORES && c->info.units > 1);
    cli_json_bool(json, "sigmoid_applied", c->info.ending == MN_ENDS_IN_SCORES && c->info.units == 1);
    cli_json_bool(json, "several_labels", c->info.labels);
    cli_json_int(json, "output", c->info.output);
    cli_json_text(json, "output_name", c->info.output_name);
    cli_json_int(json, "outputs", c->outputs);
}

mn_status cli_worker_open(cli_classifier *classifier, cli_worker *out) {
    out->classifier = classifier;
    if (!classifier->lent) {
        classifier->lent = true;
        out->own = classifier->first;
    } else {
        MN_TRY(mn_classifier_create(classifier->model, &classifier->options, &out->own));
    }
    out->probabilities = mn_classifier_probabilities(out->own);
    out->scores = mn_classifier_scores(out->own);
    return MN_OK;
}

mn_status cli_worker_warm_up(cli_worker *worker) {
    mn_session *session = mn_classifier_session(worker->own);
    memset(mn_session_input(session, 0), 0, worker->classifier->input.bytes);
    const uint64_t start = mn_clock_ns();
    MN_TRY(mn_session_run(session));
    worker->first_ns = mn_clock_ns() - start;
    return MN_OK;
}

mn_status cli_worker_run(cli_worker *worker) {
    uint64_t start = mn_clock_ns();
    MN_TRY(mn_classifier_run(worker->own));
    worker->run_ns = mn_clock_ns() - start;
    return MN_OK;
}

void cli_worker_close(cli_worker *worker) {
    if (worker->classifier && worker->own != worker->classifier->first) mn_classifier_close(&worker->own);
    *worker = (cli_worker){0};
}

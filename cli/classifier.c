/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "classifier.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "labels.h"
#include "model_file.h"
#include "session/model.h"
#include "stats.h"

static bool is_quantised(const mn_tensor_info *info) {
    return (info->type == MN_INT8 || info->type == MN_UINT8) && info->quant.count > 0;
}

/* Operator that computes `tensor`; false for none. */
static bool find_producer(const mn_model *model, int32_t tensor, mn_op_info *out) {
    for (int32_t i = 0; i < mn_model_op_count(model); i++) {
        if (mn_model_op(model, i, out) != MN_OK) continue;
        for (int32_t k = 0; k < out->output_count; k++) {
            if (out->outputs[k] == tensor) return true;
        }
    }
    return false;
}

/* Does `tensor` come from a SOFTMAX, looking through operators that keep the values? */
static bool ends_in_softmax(const mn_model *model, int32_t tensor) {
    static const char *const transparent[] = {"QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE"};
    mn_op_info op;
    while (find_producer(model, tensor, &op)) {
        bool passes = false;
        if (strcmp(op.name, "SOFTMAX") == 0) return true;
        for (size_t i = 0; i < sizeof transparent / sizeof transparent[0]; i++) {
            passes = passes || strcmp(op.name, transparent[i]) == 0;
        }
        if (!passes) return false;
        tensor = op.inputs[0];
    }
    return false;
}

static bool computes_in_8_bits(const mn_model *model) {
    for (int32_t i = 0; i < mn_model_op_count(model); i++) {
        mn_op_info op;
        mn_tensor_info info;
        if (mn_model_op(model, i, &op) != MN_OK || op.output_count == 0 || op.macs == 0) continue;
        if (mn_model_tensor(model, op.outputs[0], &info) == MN_OK && is_quantised(&info)) return true;
    }
    return false;
}

/* The output must be one row of values, one for each class. */
static mn_status check_output(const char *path, cli_classifier *c) {
    int32_t tensor = mn_model_output(c->model, 0);
    MN_TRY(mn_model_tensor(c->model, tensor, &c->output));
    const mn_tensor_info *output = &c->output;
    int32_t classes = output->rank > 0 ? output->dims[output->rank - 1] : 1;
    bool readable = output->type == MN_FLOAT32 || (is_quantised(output) && output->quant.count == 1);
    if (!readable || classes < 2 || output->bytes != (size_t)classes * mn_type_size(output->type)) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: output '%s' is not one row of class scores, so the model is not an image classifier; "
                       "'mobilenet run' runs any model",
                       path, output->name);
    }
    c->classes = classes;
    c->known = cli_labels_known(&c->model->graph.meaning, 0);
    c->logits = !ends_in_softmax(c->model, tensor);
    return MN_OK;
}

mn_status cli_contract(const mn_model *model, const mn_prepare_options *options, mn_prepare *out) {
    mn_tensor_info input;
    mn_pixels pixels = {0};
    MN_TRY(mn_model_tensor(model, mn_model_input(model, 0), &input));
    mn_status told = options && mn_prepare_given(options) ? MN_OK : mn_model_pixels(model, &pixels);
    MN_TRY(
        mn_prepare_init(&input, &pixels, options, out)); /* first: an input that is no picture says nothing of pixels */
    return told;
}

mn_status cli_classifier_open(const char *path, const mn_session_options *options, const mn_prepare_options *prepare,
                              cli_classifier *out) {
    mn_tensor_info input;
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
    return check_output(path, out);
}

void cli_classifier_close(cli_classifier *classifier) { mn_model_close(&classifier->model); }

mn_status cli_worker_open(const cli_classifier *classifier, cli_worker *out) {
    out->classifier = classifier;
    out->probabilities = malloc((size_t)classifier->classes * sizeof *out->probabilities);
    if (out->probabilities == NULL) return mn_fail_memory("the probabilities");
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
    cli_dequantise(&c->output, mn_session_output(worker->session, 0), c->classes, worker->probabilities);
    if (c->logits) cli_softmax(worker->probabilities, c->classes);
    return MN_OK;
}

void cli_worker_close(cli_worker *worker) {
    mn_session_close(&worker->session);
    free(worker->probabilities);
    *worker = (cli_worker){0};
}

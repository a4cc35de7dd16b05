/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/quantise.h"

#include "quant/apply.h"
#include "quant/calibrate.h"
#include "quant/correct.h"

void mn_quantise_defaults(mn_quantise_options *options) {
    *options = (mn_quantise_options){.io = MN_INT8, .method = MN_RANGE_MSE, .correct = true};
}

static mn_status fit_scheme(mn_scheme *scheme, const mn_samples *samples, const mn_quantise_options *options) {
    mn_runner *runner = NULL;
    MN_TRY(mn_runner_create(scheme->graph, options->jobs, &runner));
    mn_status status = mn_calibrate(scheme, runner, samples, options->method, &options->progress);
    if (status == MN_OK) status = mn_scheme_share_ranges(scheme);
    if (status == MN_OK && options->correct) {
        status = mn_correct_biases(scheme, runner, samples, &options->progress);
    }
    mn_runner_close(&runner);
    return status;
}

static mn_status make(const mn_scheme *scheme, mn_type io, mn_graph *out) {
    MN_TRY(mn_scheme_apply(scheme, out));
    return mn_quant_set_io(out, io);
}

mn_status mn_quantise(mn_graph *graph, const mn_samples *samples, const mn_quantise_options *options, mn_graph *out) {
    mn_graph quantised = {0};
    mn_scheme scheme;
    const mn_tensor_info *input = &graph->tensors[graph->inputs[0]];
    if (samples->count < 1 || samples->elements != input->bytes / sizeof(float)) {
        return mn_fail(MN_ERROR_ARGUMENT, "%s: %d photos of %zu values are given; at least one, of %zu, is needed",
                       graph->name, samples->count, samples->elements, input->bytes / sizeof(float));
    }
    MN_TRY(mn_scheme_create(graph, samples->meaning, options->per_tensor, &scheme));
    mn_status status = fit_scheme(&scheme, samples, options);
    if (status == MN_OK) status = make(&scheme, options->io, &quantised);
    mn_scheme_free(&scheme);
    if (status != MN_OK) {
        mn_graph_free(&quantised);
        return status;
    }
    *out = quantised;
    return MN_OK;
}

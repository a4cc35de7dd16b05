/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/quantise.h"

#include "quant/apply.h"
#include "quant/balance.h"
#include "quant/calibrate.h"
#include "quant/copies.h"
#include "quant/correct.h"
#include "quant/correct_active.h"
#include "quant/datafree.h"
#include "quant/equalise_observe.h"
#include "quant/learned.h"
#include "quant/rewrite.h"
#include "quant/round.h"
#include "quant/sums.h"

void mn_quantise_defaults(mn_quantise_options *options) {
    *options = (mn_quantise_options){.io = MN_INT8, .method = MN_RANGE_MSE, .correct = true};
}

static mn_channels *make_channels(const mn_graph *graph, mn_region *region) {
    return mn_region_alloc(region, (size_t)graph->tensor_count, sizeof(mn_channels));
}

/* Are the errors of weights going to be the smaller ones? Not with one scale for a whole layer. */
static bool has_fine_weights(const mn_quantise_options *options) {
    return options->learn && options->scales != MN_SCALES_PER_TENSOR;
}

static mn_status reshape(mn_graph *graph, mn_channels *channels, const mn_quantise_options *options) {
    MN_TRY(mn_equalise(graph, channels, has_fine_weights(options)));
    return options->scales == MN_SCALES_PER_TENSOR ? mn_balance(graph, channels) : MN_OK;
}

static mn_status equalise(mn_graph *graph, const mn_samples *samples, const mn_quantise_options *options) {
    mn_runner *runner = NULL;
    mn_region region = {0};
    mn_channels *channels = make_channels(graph, &region);
    mn_status status = channels ? mn_runner_create(graph, options->jobs, &runner) : mn_fail_memory("the channels");
    if (status == MN_OK) {
        status = mn_channels_observe(graph, runner, samples, &options->progress, &region, channels);
    }
    mn_runner_close(&runner);
    if (status == MN_OK) status = reshape(graph, channels, options);
    if (status == MN_OK) status = mn_copy_channels(graph, channels);
    mn_region_free(&region);
    return status;
}

static mn_status fit_scheme(mn_scheme *scheme, const mn_samples *samples, const mn_quantise_options *options) {
    mn_runner *runner = NULL;
    MN_TRY(mn_runner_create(scheme->graph, options->jobs, &runner));
    mn_status status = mn_calibrate(scheme, runner, samples, options->method, &options->progress);
    if (status == MN_OK) status = mn_scheme_share_ranges(scheme);
    if (status == MN_OK && has_fine_weights(options)) status = mn_scheme_share_sums(scheme);
    if (status == MN_OK && options->learn) {
        status = mn_round_learn(scheme, runner, samples, options->seed, &options->progress);
    }
    if (status == MN_OK && options->correct) {
        status = mn_correct_biases(scheme, runner, samples, &options->progress);
    }
    if (status == MN_OK && options->correct && options->learn) {
        status = mn_correct_active(scheme, runner, samples, &options->progress);
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
    const mn_tensor *input = &graph->tensors[graph->inputs[0]];
    if (samples->count < 1 || samples->elements != input->bytes / sizeof(float)) {
        return mn_fail(MN_ERROR_ARGUMENT, "%s: %d photos of %zu values are given; at least one, of %zu, is needed",
                       graph->name, samples->count, samples->elements, input->bytes / sizeof(float));
    }
    MN_TRY(mn_quant_rewrite(graph));
    if (options->equalise) MN_TRY(equalise(graph, samples, options));
    MN_TRY(mn_scheme_create(graph, samples->meaning, options->scales, &scheme));
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

/* ---- Without photos ------------------------------------------------------------------------------------- */

static mn_status expect(mn_graph *graph, const mn_channel_stats *stats, mn_interval meaning,
                        const mn_quantise_options *options, mn_region *region, mn_channels **out) {
    *out = make_channels(graph, region);
    if (!*out) return mn_fail_memory("the channels");
    MN_TRY(mn_channels_expect(graph, stats, meaning, region, *out));
    return options->equalise ? reshape(graph, *out, options) : MN_OK;
}

static mn_status make_expected(const mn_graph *graph, const mn_channels *channels, mn_interval meaning,
                               const mn_quantise_options *options, mn_graph *out) {
    mn_scheme scheme;
    MN_TRY(mn_scheme_create(graph, meaning, options->scales, &scheme));
    mn_status status = mn_datafree_ranges(&scheme, channels);
    if (status == MN_OK && options->correct) mn_datafree_correct(&scheme, channels);
    if (status == MN_OK) status = make(&scheme, options->io, out);
    mn_scheme_free(&scheme);
    return status;
}

mn_status mn_quantise_data_free(mn_graph *graph, const mn_channel_stats *stats, mn_interval meaning,
                                const mn_quantise_options *options, mn_graph *out) {
    mn_graph quantised = {0};
    mn_region region = {0};
    mn_channels *channels;
    mn_status status = expect(graph, stats, meaning, options, &region, &channels);
    if (status == MN_OK) status = make_expected(graph, channels, meaning, options, &quantised);
    mn_region_free(&region);
    if (status != MN_OK) {
        mn_graph_free(&quantised);
        return status;
    }
    *out = quantised;
    return MN_OK;
}

/* ---- With learned ranges -------------------------------------------------------------------------------- */

mn_status mn_quantise_learned(const mn_graph *graph, const mn_channel_stats *stats, const mn_quantise_options *options,
                              mn_graph *out) {
    mn_graph quantised = {0};
    mn_scheme scheme;
    mn_interval input;
    if (!mn_learned_input(graph, stats, &input)) {
        return mn_fail(MN_ERROR_ARGUMENT, "%s: has no learned ranges", graph->name);
    }
    MN_TRY(mn_scheme_create(graph, input, options->scales, &scheme));
    mn_status status = mn_learned_ranges(&scheme, stats);
    if (status == MN_OK) status = mn_scheme_share_ranges(&scheme);
    if (status == MN_OK) status = make(&scheme, options->io, &quantised);
    mn_scheme_free(&scheme);
    if (status != MN_OK) {
        mn_graph_free(&quantised);
        return status;
    }
    *out = quantised;
    return MN_OK;
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/balanced.h"

#include "net/fold.h"
#include "quant/balance.h"
#include "quant/datafree.h"
#include "quant/equalise_groups.h"

/* ---- Layers --------------------------------------------------------------------------------------------- */

/* The layer with the weights of what is called `tensor`, which is called after its last layer; its batch norm goes to
 * *norm, or NULL. */
static mn_layer *find_maker(const mn_net *net, const char *tensor, mn_layer **norm) {
    int32_t at = mn_net_find(net, tensor);
    *norm = NULL;
    while (at >= 0 && !net->layers[at].kernel) {
        if (net->layers[at].kind == MN_LAYER_BATCH_NORM) *norm = &net->layers[at];
        at = net->layers[at].inputs[0];
    }
    return at >= 0 ? &net->layers[at] : NULL;
}

/* A kernel ends with its outputs, and before them has its inputs; of a depthwise one they are the same. */
static void divide_inputs(const mn_net *net, mn_layer *layer, const double *factor) {
    const size_t count = mn_layer_kernel_count(net, layer), outputs = (size_t)layer->c;
    const size_t inputs = (size_t)net->layers[layer->inputs[0]].c;
    for (size_t i = 0; i < count; i++) {
        const size_t input = layer->kind == MN_LAYER_DEPTHWISE ? i % outputs : i / outputs % inputs;
        layer->kernel[i] = (float)((double)layer->kernel[i] / factor[input]);
    }
}

static void multiply(float *values, size_t count, size_t channels, const double *factor) {
    for (size_t i = 0; values && i < count; i++) values[i] = (float)((double)values[i] * factor[i % channels]);
}

static void multiply_outputs(const mn_net *net, mn_layer *layer, mn_layer *norm, const double *factor) {
    const size_t channels = (size_t)layer->c;
    if (norm) {
        multiply(norm->gamma, channels, channels, factor);
        multiply(norm->beta, channels, channels, factor);
    } else {
        multiply(layer->kernel, mn_layer_kernel_count(net, layer), channels, factor);
        multiply(layer->bias, channels, channels, factor);
    }
}

/* ---- The net -------------------------------------------------------------------------------------------- */

static bool has_ranges(const mn_net *net) {
    for (int32_t i = 0; i < net->layer_count; i++) {
        if (net->layers[i].low < net->layers[i].high) return true;
    }
    return false;
}

/* What training gives the net: whole pixels where it rescales them itself. */
static mn_interval pixels_of(const mn_net *net) {
    for (int32_t i = 0; i < net->layer_count; i++) {
        if (net->layers[i].kind == MN_LAYER_RESCALING) return (mn_interval){0, 255};
    }
    return (mn_interval){-1, 1};
}

static void rescale(mn_net *net, const mn_graph *graph, double *const *factor) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        const double *in = factor[op->inputs[0]], *out = factor[op->outputs[0]];
        mn_layer *norm, *layer = find_maker(net, mn_graph_output(graph, op, 0)->name, &norm);
        mn_weights w;
        if (!mn_weights_of(graph, i, &w)) continue;
        if (in) divide_inputs(net, layer, in);
        if (out) multiply_outputs(net, layer, norm, out);
    }
}

mn_status mn_train_balance(mn_net *net, bool *changed) {
    mn_region region = {0};
    mn_graph graph = {0};
    mn_channel_stats *stats;
    mn_channels *channels = NULL;
    double **factor;
    *changed = !has_ranges(net);
    if (!*changed) return MN_OK;
    MN_TRY(mn_net_fold(net, &graph, &stats));
    channels = mn_region_alloc(&region, (size_t)graph.tensor_count, sizeof *channels);
    mn_status status = channels ? MN_OK : mn_fail_memory("the channels");
    if (status == MN_OK) status = mn_channels_expect(&graph, stats, pixels_of(net), &region, channels);
    if (status == MN_OK) status = mn_balance_factors(&graph, channels, &region, &factor);
    if (status == MN_OK) rescale(net, &graph, factor);
    if (status == MN_ERROR_UNSUPPORTED) *changed = false, status = MN_OK; /* without statistics */
    mn_region_free(&region);
    mn_graph_free(&graph);
    return status;
}

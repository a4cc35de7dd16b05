/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <string.h>

#include "net/folding.h"

static mn_status fold_layer(mn_folding *f, int32_t index) {
    switch (f->net->layers[index].kind) {
    case MN_LAYER_CONV:
    case MN_LAYER_DEPTHWISE:
    case MN_LAYER_DENSE: return mn_fold_weighted(f, index);
    default: return mn_fold_other(f, index);
    }
}

/* What training learned of the layer's values. */
static void keep_range(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    if (!mn_layer_has_range(layer)) return;
    mn_channel_stats *stats = &f->stats[f->tensor[index]];
    stats->low = layer->low;
    stats->high = layer->high;
}

/* ---- The whole net ----------------------------------------------------------------------------------- */

/* From the outputs back: what leads to none has no users. */
static void count_users(mn_folding *f) {
    for (int32_t i = 0; i < mn_net_output_count(f->net); i++) f->users[mn_net_output(f->net, i)]++;
    for (int32_t i = f->net->layer_count; i-- > 0;) {
        const mn_layer *layer = &f->net->layers[i];
        for (int32_t k = 0; f->users[i] > 0 && k < layer->input_count; k++) {
            f->users[layer->inputs[k]]++;
            f->user[layer->inputs[k]] = i;
        }
    }
}

static mn_status open_folding(mn_folding *f) {
    size_t layers = (size_t)f->net->layer_count;
    const char *name = f->net->name ? f->net->name : "network";
    f->graph->name = mn_region_string(&f->graph->region, name, strlen(name));
    f->graph->description = mn_region_string(&f->graph->region, "", 0);
    f->graph->tensors = mn_fold_take(f, layers * MN_FOLD_LAYER_TENSORS, sizeof *f->graph->tensors);
    f->graph->ops = mn_fold_take(f, layers * MN_FOLD_LAYER_OPS, sizeof *f->graph->ops);
    f->graph->inputs = mn_fold_take(f, 1, sizeof *f->graph->inputs);
    f->graph->outputs = mn_fold_take(f, (size_t)mn_net_output_count(f->net), sizeof *f->graph->outputs);
    f->stats = mn_fold_take(f, layers * MN_FOLD_LAYER_TENSORS, sizeof *f->stats);
    f->tensor = mn_fold_take(f, layers, sizeof *f->tensor);
    f->users = mn_fold_take(f, layers, sizeof *f->users);
    f->user = mn_fold_take(f, layers, sizeof *f->user);
    if (!f->graph->name || !f->graph->description || !f->graph->tensors || !f->graph->ops || !f->graph->inputs ||
        !f->graph->outputs || !f->stats || !f->tensor || !f->users || !f->user) {
        return mn_fold_no_memory();
    }
    for (int32_t i = 0; i < f->net->layer_count; i++) f->tensor[i] = f->user[i] = -1;
    count_users(f);
    return MN_OK;
}

static mn_status fold_all(mn_folding *f) {
    MN_TRY(mn_net_check(f->net));
    MN_TRY(open_folding(f));
    for (int32_t i = 0; i < f->net->layer_count; i++) {
        if (i > 0 && f->users[i] == 0) continue;
        if (f->tensor[i] < 0) MN_TRY(fold_layer(f, i));
        keep_range(f, i);
    }
    MN_TRY(mn_meaning_copy(&f->net->meaning, &f->graph->region, &f->graph->meaning));
    f->graph->input_count = 1;
    f->graph->inputs[0] = f->tensor[0];
    f->graph->output_count = mn_net_output_count(f->net);
    for (int32_t i = 0; i < f->graph->output_count; i++) f->graph->outputs[i] = f->tensor[mn_net_output(f->net, i)];
    if (f->graph->op_count == 0) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: no layer computes anything", f->graph->name);
    }
    return mn_graph_check(f->graph);
}

mn_status mn_net_fold(const mn_net *net, mn_graph *graph, mn_channel_stats **stats) {
    mn_graph made = {0};
    mn_folding f = {.net = net, .graph = &made};
    mn_status status = fold_all(&f);
    if (status != MN_OK) {
        mn_graph_free(&made);
        return status;
    }
    *graph = made;
    if (stats) *stats = f.stats;
    return MN_OK;
}

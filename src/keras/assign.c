/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "keras/assign.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct assignment {
    mn_keras_weights *w;
    const mn_keras_source *sources;
    mn_net *net;
    mn_keras_entry **entries; /* [layer_count]; NULL for a layer without weights */
} assignment;

static bool has_weights(const mn_layer *layer) { return layer->kernel || layer->gamma; }

static mn_status fail(const assignment *a, const mn_layer *layer, mn_status status, const char *format, ...)
    MN_PRINTF(4, 5);

static mn_status fail(const assignment *a, const mn_layer *layer, mn_status status, const char *format, ...) {
    char sentence[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return mn_fail(status, "%s: layer '%.100s' (%s): %s", a->w->h5.name, layer->name, mn_layer_kind_name(layer->kind),
                   sentence);
}

/* ---- Which entry is for which layer ------------------------------------------------------------------ */

static void forget(assignment *a) {
    for (int32_t i = 0; i < a->w->count; i++) a->w->entries[i].used = false;
    memset(a->entries, 0, (size_t)a->net->layer_count * sizeof *a->entries);
}

static void take(assignment *a, int32_t layer, mn_keras_entry *entry) {
    entry->used = true;
    a->entries[layer] = entry;
}

/* True when every layer's key leads to an entry. */
static bool find_by_key(assignment *a) {
    for (int32_t i = 0; i < a->net->layer_count; i++) {
        if (!has_weights(&a->net->layers[i]) || !a->sources[i].key) continue;
        for (int32_t e = 0; !a->entries[i] && e < a->w->count; e++) {
            mn_keras_entry *entry = &a->w->entries[e];
            if (!entry->used && strcmp(entry->key, a->sources[i].key) == 0) take(a, i, entry);
        }
        if (!a->entries[i]) return false;
    }
    return true;
}

/* True when the file has an entry of each name; else none of the kind is taken. */
static bool find_by_name(assignment *a, mn_layer_kind kind) {
    bool all = true;
    for (int32_t i = 0; all && i < a->net->layer_count; i++) {
        if (a->net->layers[i].kind != kind) continue;
        for (int32_t e = 0; !a->entries[i] && e < a->w->count; e++) {
            mn_keras_entry *entry = &a->w->entries[e];
            if (entry->used || entry->kind != kind || strcmp(entry->name, a->net->layers[i].name) != 0) continue;
            take(a, i, entry);
        }
        all = a->entries[i] != NULL;
    }
    for (int32_t i = 0; !all && i < a->net->layer_count; i++) {
        if (a->net->layers[i].kind != kind || !a->entries[i]) continue;
        a->entries[i]->used = false;
        a->entries[i] = NULL;
    }
    return all;
}

static mn_status find_by_order(assignment *a, mn_layer_kind kind) {
    int32_t wanted = 0, there = 0, e = 0;
    for (int32_t i = 0; i < a->net->layer_count; i++) wanted += a->net->layers[i].kind == kind;
    for (int32_t i = 0; i < a->w->count; i++) there += a->w->entries[i].kind == kind;
    if (wanted != there) {
        return mn_fail(MN_ERROR_FORMAT, "%s: has weights of %d %s layers, %d were expected", a->w->h5.name, there,
                       mn_layer_kind_name(kind), wanted);
    }
    for (int32_t i = 0; i < a->net->layer_count; i++) {
        if (a->net->layers[i].kind != kind) continue;
        while (a->w->entries[e].kind != kind) e++;
        take(a, i, &a->w->entries[e++]);
    }
    return MN_OK;
}

static mn_status find_entries(assignment *a) {
    static const mn_layer_kind kinds[] = {MN_LAYER_CONV, MN_LAYER_DEPTHWISE, MN_LAYER_BATCH_NORM, MN_LAYER_DENSE};
    forget(a);
    if (a->sources && find_by_key(a)) return MN_OK;
    forget(a);
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        if (!find_by_name(a, kinds[k])) MN_TRY(find_by_order(a, kinds[k]));
    }
    return MN_OK;
}

/* ---- Loading ----------------------------------------------------------------------------------------- */

typedef struct wanted {
    mn_keras_role role;
    const char *what;
    float *to;
    int32_t rank, dims[MN_H5_MAX_RANK];
} wanted;

enum { MAX_WANTED = 4 };

/* What the layer wants, in Keras' order. */
static int32_t list_wanted(const assignment *a, int32_t index, wanted list[MAX_WANTED]) {
    const mn_layer *layer = &a->net->layers[index];
    int32_t in = a->net->layers[layer->inputs[0]].c, count = 0;
    mn_keras_source source = a->sources ? a->sources[index] : (mn_keras_source){0};
    switch (layer->kind) {
    case MN_LAYER_CONV:
    case MN_LAYER_DEPTHWISE:
        list[count++] = (wanted){MN_ROLE_KERNEL,
                                 "the kernel",
                                 layer->kernel,
                                 4,
                                 {layer->k_h, layer->k_w, in, layer->kind == MN_LAYER_CONV ? layer->units : 1}};
        break;
    case MN_LAYER_DENSE:
        list[count++] = (wanted){MN_ROLE_KERNEL, "the kernel", layer->kernel, 2, {in, layer->units}};
        break;
    default:
        if (!source.no_gamma) list[count++] = (wanted){MN_ROLE_GAMMA, "gamma", layer->gamma, 1, {in}};
        if (!source.no_beta) list[count++] = (wanted){MN_ROLE_BETA, "beta", layer->beta, 1, {in}};
        list[count++] = (wanted){MN_ROLE_MEAN, "the mean", layer->mean, 1, {in}};
        list[count++] = (wanted){MN_ROLE_VARIANCE, "the variance", layer->variance, 1, {in}};
        break;
    }
    if (layer->bias) list[count++] = (wanted){MN_ROLE_BIAS, "the bias", layer->bias, 1, {layer->c}};
    return count;
}

/* By role where the file's names tell roles, else by place. NULL when it is missing. */
static const mn_h5_array *find_array(const mn_keras_entry *entry, const wanted *want, int32_t place) {
    int32_t count = entry->array_count < MN_KERAS_MAX_ARRAYS ? entry->array_count : MN_KERAS_MAX_ARRAYS;
    bool named = false;
    for (int32_t i = 0; i < count; i++) {
        if (entry->roles[i] == want->role) return &entry->arrays[i];
        named = named || entry->roles[i] != MN_ROLE_NONE;
    }
    return !named && place < count ? &entry->arrays[place] : NULL;
}

static mn_status load_array(const assignment *a, const mn_layer *layer, const mn_h5_array *array, const wanted *want) {
    char has[MN_KERAS_SHAPE_CHARS], needs[MN_KERAS_SHAPE_CHARS];
    if (array->type) {
        return fail(a, layer, MN_ERROR_UNSUPPORTED, "%s holds %s, floats were expected", want->what, array->type);
    }
    if (array->rank != want->rank || memcmp(array->dims, want->dims, (size_t)want->rank * sizeof(int32_t)) != 0) {
        mn_keras_shape_text(array->rank, array->dims, has);
        mn_keras_shape_text(want->rank, want->dims, needs);
        return fail(a, layer, MN_ERROR_FORMAT, "%s has shape %s, %s was expected", want->what, has, needs);
    }
    return mn_h5_array_read(&a->w->h5, array, want->to);
}

static mn_status load_layer(const assignment *a, int32_t index) {
    wanted list[MAX_WANTED];
    const mn_layer *layer = &a->net->layers[index];
    const mn_keras_entry *entry = a->entries[index];
    int32_t count = list_wanted(a, index, list), found = 0;
    for (int32_t i = 0; i < count; i++) {
        const mn_h5_array *array = find_array(entry, &list[i], i);
        if (array) MN_TRY(load_array(a, layer, array, &list[i]));
        found += array != NULL;
        /* Bare weights do not say whether there is a bias; none is as good as zeros. */
        if (array || (list[i].role == MN_ROLE_BIAS && !a->sources)) continue;
        return fail(a, layer, MN_ERROR_FORMAT, "%s is missing", list[i].what);
    }
    if (found == entry->array_count) return MN_OK;
    return fail(a, layer, MN_ERROR_FORMAT, "the file has %d arrays for it, %d were expected", entry->array_count,
                count);
}

mn_status mn_keras_assign(mn_keras_weights *weights, const mn_keras_source *sources, mn_net *net) {
    assignment a = {.w = weights, .sources = sources, .net = net};
    a.entries = mn_pool_alloc(&weights->pool, (size_t)net->layer_count, sizeof *a.entries);
    if (!a.entries) return mn_fail_memory("the list of weights");
    MN_TRY(find_entries(&a));
    for (int32_t i = 0; i < net->layer_count; i++) {
        if (a.entries[i]) MN_TRY(load_layer(&a, i));
    }
    return mn_net_check(net);
}

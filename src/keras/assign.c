/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "keras/assign.h"

#include <math.h>
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
            bool shared = a->sources[i].part == MN_PART_POINTWISE;
            if ((!entry->used || shared) && strcmp(entry->key, a->sources[i].key) == 0) take(a, i, entry);
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
    for (int32_t i = 0; a->sources && i < a->net->layer_count; i++) {
        const mn_layer *layer = &a->net->layers[i];
        if (!has_weights(layer) || !a->sources[i].key || a->entries[i]) continue;
        return fail(a, layer, MN_ERROR_FORMAT, "the file has no weights for it");
    }
    return MN_OK;
}

/* ---- Loading ----------------------------------------------------------------------------------------- */

typedef struct wanted {
    mn_keras_role role;
    const char *what;
    float *to;
    int32_t rank, dims[MN_H5_MAX_RANK];
    int32_t place; /* among the arrays of the layer, where their names tell nothing */
} wanted;

enum { MAX_WANTED = 4 };

typedef struct wants {
    wanted list[MAX_WANTED];
    int32_t count;
} wants;

static void want(wants *w, wanted item) {
    item.place = w->count;
    w->list[w->count++] = item;
}

static void want_vector(wants *w, mn_keras_role role, const char *what, float *to, int32_t count) {
    want(w, (wanted){role, what, to, 1, {count}, 0});
}

/* The other arrays of a SeparableConv2D's layer come before. */
static wants list_kernel(const mn_net *net, const mn_layer *layer, mn_keras_part part) {
    wants w = {.count = 0};
    int32_t in = net->layers[layer->inputs[0]].c;
    bool pointwise = part == MN_PART_POINTWISE;
    wanted kernel = {pointwise ? MN_ROLE_POINTWISE : MN_ROLE_KERNEL,
                     "the kernel",
                     layer->kernel,
                     4,
                     {layer->k_h, layer->k_w, in, layer->multiplier},
                     0};
    if (layer->kind == MN_LAYER_CONV) {
        kernel.dims[2] = in / layer->groups;
        kernel.dims[3] = layer->units;
    }
    if (layer->kind == MN_LAYER_DENSE) {
        kernel.rank = 2;
        kernel.dims[0] = in;
        kernel.dims[1] = layer->units;
    }
    want(&w, kernel);
    if (layer->bias) want_vector(&w, MN_ROLE_BIAS, "the bias", layer->bias, layer->c);
    for (int32_t i = 0; pointwise && i < w.count; i++) w.list[i].place++;
    return w;
}

static wants list_norm(const mn_layer *layer, mn_keras_source source) {
    wants w = {.count = 0};
    if (!source.no_gamma) want_vector(&w, MN_ROLE_GAMMA, "gamma", layer->gamma, layer->c);
    if (!source.no_beta) want_vector(&w, MN_ROLE_BETA, "beta", layer->beta, layer->c);
    want_vector(&w, MN_ROLE_MEAN, "the mean", layer->mean, layer->c);
    want_vector(&w, MN_ROLE_VARIANCE, "the variance", layer->variance, layer->c);
    return w;
}

/* Where mean and variance go until scale_by_moments(). */
static wants list_moments(const mn_layer *layer) {
    wants w = {.count = 0};
    want_vector(&w, MN_ROLE_MEAN, "the mean", layer->beta, layer->c);
    want_vector(&w, MN_ROLE_VARIANCE, "the variance", layer->gamma, layer->c);
    return w;
}

/* One for each channel, of any rank: dimensions that are shared are 1. */
static wants list_slopes(const mn_layer *layer) {
    wants w = {.count = 0};
    wanted slopes = {MN_ROLE_SLOPE, "the slope", layer->gamma, 3, {1, 1, layer->c}, 0};
    if (layer->flat) {
        slopes.rank = 1;
        slopes.dims[0] = layer->c;
    }
    want(&w, slopes);
    return w;
}

/* What the layer wants, in Keras' order. */
static wants list_wanted(const assignment *a, int32_t index) {
    const mn_layer *layer = &a->net->layers[index];
    mn_keras_source source = a->sources ? a->sources[index] : (mn_keras_source){0};
    switch (layer->kind) {
    case MN_LAYER_CONV:
    case MN_LAYER_DEPTHWISE:
    case MN_LAYER_DENSE: return list_kernel(a->net, layer, source.part);
    case MN_LAYER_AFFINE: return list_moments(layer);
    case MN_LAYER_PRELU: return list_slopes(layer);
    default: return list_norm(layer, source);
    }
}

/* Scale and offset of a Normalization, whose mean is in beta and whose variance is in gamma. */
static void scale_by_moments(const mn_layer *layer) {
    for (int32_t c = 0; c < layer->c; c++) {
        double scale = 1 / fmax(sqrt((double)layer->gamma[c]), 1e-7), mean = (double)layer->beta[c];
        layer->gamma[c] = (float)scale;
        layer->beta[c] = (float)(-mean * scale);
    }
}

/* By role where the file's names tell roles, else by place. NULL when it is missing. */
static const mn_h5_array *find_array(const mn_keras_entry *entry, const wanted *want) {
    int32_t count = entry->array_count < MN_KERAS_MAX_ARRAYS ? entry->array_count : MN_KERAS_MAX_ARRAYS;
    bool named = false;
    for (int32_t i = 0; i < count; i++) {
        if (entry->roles[i] == want->role) return &entry->arrays[i];
        named = named || entry->roles[i] != MN_ROLE_NONE;
    }
    return !named && want->place < count ? &entry->arrays[want->place] : NULL;
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
    const mn_layer *layer = &a->net->layers[index];
    const mn_keras_entry *entry = a->entries[index];
    const wants w = list_wanted(a, index);
    mn_keras_part part = a->sources ? a->sources[index].part : MN_PART_ALL;
    int32_t found = 0;
    for (int32_t i = 0; i < w.count; i++) {
        const wanted *want = &w.list[i];
        const mn_h5_array *array = find_array(entry, want);
        if (array) MN_TRY(load_array(a, layer, array, want));
        found += array != NULL;
        /* Bare weights do not say whether there is a bias; none is as good as zeros. */
        if (array || (want->role == MN_ROLE_BIAS && !a->sources)) continue;
        return fail(a, layer, MN_ERROR_FORMAT, "%s is missing", want->what);
    }
    if (part == MN_PART_MOMENTS) scale_by_moments(layer);
    if (found == entry->array_count || part != MN_PART_ALL) return MN_OK;
    return fail(a, layer, MN_ERROR_FORMAT, "the file has %d arrays for it, %d were expected", entry->array_count,
                w.count);
}

mn_status mn_keras_assign(mn_keras_weights *weights, const mn_keras_source *sources, mn_net *net) {
    assignment a = {.w = weights, .sources = sources, .net = net};
    a.entries = mn_region_alloc(&weights->region, (size_t)net->layer_count, sizeof *a.entries);
    if (!a.entries) return mn_fail_memory("the list of weights");
    MN_TRY(find_entries(&a));
    for (int32_t i = 0; i < net->layer_count; i++) {
        if (a.entries[i]) MN_TRY(load_layer(&a, i));
    }
    return mn_net_check(net);
}

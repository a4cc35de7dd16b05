/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "keras/match.h"

#include <stdlib.h>
#include <string.h>

enum {
    CONVOLUTIONS = 35, /* stem, 16 expansions, 17 projections, head */
    DEPTHWISE = 17,
    BATCH_NORMS = 52,
    STEM_INPUT = 3,     /* channels */
    WIDTH_STEPS = 6400, /* widths tried besides the published ones: hundredths up to MN_V2_MAX_WIDTH */
};

typedef struct shape {
    int32_t size, in, out;
} shape;

typedef struct shapes {
    int32_t count; /* may exceed CONVOLUTIONS; then only so many are kept */
    shape item[CONVOLUTIONS];
} shapes;

/* ---- Shapes of convolutions -------------------------------------------------------------------------- */

static void add_shape(shapes *s, shape added) {
    if (s->count < CONVOLUTIONS) s->item[s->count] = added;
    s->count++;
}

static int compare_shapes(const void *a, const void *b) {
    const shape *p = a, *q = b;
    if (p->in != q->in) return p->in < q->in ? -1 : 1;
    if (p->out != q->out) return p->out < q->out ? -1 : 1;
    return (p->size > q->size) - (p->size < q->size);
}

static void sort(shapes *s) { qsort(s->item, (size_t)s->count, sizeof s->item[0], compare_shapes); }

static shapes shapes_of_net(const mn_net *net) {
    shapes s = {0};
    for (int32_t i = 0; i < net->layer_count; i++) {
        const mn_layer *layer = &net->layers[i];
        if (layer->kind != MN_LAYER_CONV) continue;
        add_shape(&s, (shape){layer->k_h, net->layers[layer->inputs[0]].c, layer->c});
    }
    return s;
}

static shapes shapes_of_weights(const mn_keras_weights *weights) {
    shapes s = {0};
    for (int32_t i = 0; i < weights->count; i++) {
        const int32_t *dims = weights->entries[i].arrays[0].dims;
        if (weights->entries[i].kind == MN_LAYER_CONV) add_shape(&s, (shape){dims[0], dims[2], dims[3]});
    }
    return s;
}

static int32_t stem_channels(const shapes *s) {
    for (int32_t i = 0; i < CONVOLUTIONS; i++) {
        if (s->item[i].size == 3 && s->item[i].in == STEM_INPUT) return s->item[i].out;
    }
    return 0;
}

/* ---- Width ------------------------------------------------------------------------------------------- */

static bool gives(const shapes *s, int32_t channels) {
    for (int32_t i = 0; i < CONVOLUTIONS; i++) {
        if (s->item[i].out == channels) return true;
    }
    return false;
}

/* Cheap, and right for all but made-up files. */
static bool may_be(const shapes *s, double width) {
    static const int32_t filters[] = {16, 24, 32, 64, 96, 160, 320};
    bool good = stem_channels(s) == mn_v2_stem_channels(width) && gives(s, mn_v2_head_channels(width));
    for (size_t i = 0; good && i < sizeof filters / sizeof filters[0]; i++) {
        good = gives(s, mn_v2_channels(filters[i], width));
    }
    return good;
}

static mn_status is(const shapes *sorted, double width, bool *same) {
    mn_v2_spec spec;
    mn_net net;
    mn_v2_defaults(&spec);
    spec.width = width;
    spec.height = spec.width_px = 32;
    spec.classes = 0;
    MN_TRY(mn_v2_build(&spec, &net));
    shapes built = shapes_of_net(&net);
    mn_net_free(&net);
    sort(&built);
    *same = memcmp(built.item, sorted->item, sizeof built.item) == 0;
    return MN_OK;
}

/* Width number `i` to try: the published ones first, for other widths give the same channels. */
static double candidate(int32_t i) {
    return i < MN_V2_VARIANTS ? mn_v2_variants[i].width : (i - MN_V2_VARIANTS + 1) / 100.0;
}

/* 0 when there is none. */
static mn_status find_width(shapes *s, double *width) {
    *width = 0;
    if (s->count != CONVOLUTIONS) return MN_OK;
    sort(s);
    for (int32_t i = 0; i < MN_V2_VARIANTS + WIDTH_STEPS; i++) {
        bool same = false;
        if (!may_be(s, candidate(i)) || (i > 0 && i < MN_V2_VARIANTS && candidate(i) == candidate(i - 1))) continue;
        MN_TRY(is(s, candidate(i), &same));
        if (same) *width = candidate(i);
        if (same) return MN_OK;
    }
    return MN_OK;
}

/* The published width with the same stem; 1 when there is none. */
static double nearest_width(const shapes *s) {
    for (int32_t i = MN_V2_VARIANTS - 1; i >= 0; i--) {
        if (mn_v2_stem_channels(candidate(i)) == stem_channels(s)) return candidate(i);
    }
    return 1;
}

mn_status mn_keras_width_of(const mn_net *net, double *width) {
    shapes s = shapes_of_net(net);
    return find_width(&s, width);
}

/* ---- Layers ------------------------------------------------------------------------------------------ */

static mn_status check_counts(const mn_keras_weights *w, int32_t *dense) {
    int32_t count[MN_LAYER_KIND_COUNT + 1] = {0};
    for (int32_t i = 0; i < w->count; i++) {
        const mn_keras_entry *entry = &w->entries[i];
        count[entry->kind]++;
        if (entry->kind != MN_LAYER_KIND_COUNT || entry->arrays[0].type) continue;
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: layer '%s' is of a kind that a MobileNetV2 does not have", w->h5.name,
                       entry->name);
    }
    *dense = count[MN_LAYER_DENSE];
    if (count[MN_LAYER_CONV] != CONVOLUTIONS || count[MN_LAYER_DEPTHWISE] != DEPTHWISE ||
        count[MN_LAYER_BATCH_NORM] != BATCH_NORMS) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: a MobileNetV2 has %d convolutions, %d depthwise ones and %d batch norms, but these weights "
                       "have %d, %d and %d; for another network save the whole model, not only its weights",
                       w->h5.name, CONVOLUTIONS, DEPTHWISE, BATCH_NORMS, count[MN_LAYER_CONV],
                       count[MN_LAYER_DEPTHWISE], count[MN_LAYER_BATCH_NORM]);
    }
    if (*dense <= 1) return MN_OK;
    return mn_fail(MN_ERROR_UNSUPPORTED,
                   "%s: has %d dense layers, and weights alone do not say what is between them; save the whole model",
                   w->h5.name, *dense);
}

mn_status mn_keras_match(const mn_keras_weights *w, mn_v2_spec *spec, mn_net *out) {
    int32_t dense = 0;
    MN_TRY(check_counts(w, &dense));
    shapes s = shapes_of_weights(w);
    MN_TRY(find_width(&s, &spec->width));
    if (spec->width == 0) spec->width = nearest_width(&s);
    spec->classes = 0;
    for (int32_t i = 0; i < w->count && dense > 0; i++) {
        const mn_h5_array *kernel = &w->entries[i].arrays[0];
        if (w->entries[i].kind == MN_LAYER_DENSE) spec->classes = kernel->dims[kernel->rank == 2 ? 1 : 0];
    }
    return mn_v2_build(spec, out);
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "keras/match.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_SHAPES = 128,
    /* Widths tried besides the published ones, up to MN_NET_MAX_WIDTH: twentieths, then hundredths. */
    ROUND_STEPS = 1280,
    WIDTH_STEPS = ROUND_STEPS + 6400,
};

typedef struct shape {
    int32_t size, in, out;
} shape;

/* The convolutions of a file or a network, and how many other layers there are. */
typedef struct shapes {
    int32_t count; /* may exceed MAX_SHAPES; then only so many are kept */
    int32_t depthwise, norms, dense;
    shape item[MAX_SHAPES];
} shapes;

/* ---- Shapes of convolutions -------------------------------------------------------------------------- */

static void add_shape(shapes *s, shape added) {
    if (s->count < MAX_SHAPES) s->item[s->count] = added;
    s->count++;
}

static int compare_shapes(const void *a, const void *b) {
    const shape *p = a, *q = b;
    if (p->in != q->in) return p->in < q->in ? -1 : 1;
    if (p->out != q->out) return p->out < q->out ? -1 : 1;
    return (p->size > q->size) - (p->size < q->size);
}

static void sort(shapes *s) {
    if (s->count <= MAX_SHAPES) qsort(s->item, (size_t)s->count, sizeof s->item[0], compare_shapes);
}

static void count_kind(shapes *s, mn_layer_kind kind) {
    s->depthwise += kind == MN_LAYER_DEPTHWISE;
    s->norms += kind == MN_LAYER_BATCH_NORM;
    s->dense += kind == MN_LAYER_DENSE;
}

static shapes shapes_of_net(const mn_net *net) {
    shapes s = {0};
    for (int32_t i = 0; i < net->layer_count; i++) {
        const mn_layer *layer = &net->layers[i];
        count_kind(&s, layer->kind);
        if (layer->kind != MN_LAYER_CONV) continue;
        add_shape(&s, (shape){layer->k_h, net->layers[layer->inputs[0]].c, layer->c});
    }
    sort(&s);
    return s;
}

static shapes shapes_of_weights(const mn_keras_weights *weights) {
    shapes s = {0};
    for (int32_t i = 0; i < weights->count; i++) {
        const int32_t *dims = weights->entries[i].arrays[0].dims;
        count_kind(&s, weights->entries[i].kind);
        if (weights->entries[i].kind == MN_LAYER_CONV) add_shape(&s, (shape){dims[0], dims[2], dims[3]});
    }
    sort(&s);
    return s;
}

static bool same_shapes(const shapes *a, const shapes *b) {
    return a->count == b->count && a->count <= MAX_SHAPES && a->depthwise == b->depthwise &&
           memcmp(a->item, b->item, (size_t)a->count * sizeof a->item[0]) == 0;
}

static bool gives(const shapes *s, int32_t channels) {
    for (int32_t i = 0; i < s->count && i < MAX_SHAPES; i++) {
        if (s->item[i].out == channels) return true;
    }
    return false;
}

/* ---- One family, one width --------------------------------------------------------------------------- */

/* A candidate: what is to be built. */
typedef struct guess {
    const mn_net_family *family;
    double width;
    int32_t classes;
    bool dense;
} guess;

static mn_status build(const guess *g, shapes *out, int32_t *head_channels) {
    mn_net_spec spec;
    mn_net net;
    mn_net_spec_defaults(&spec);
    spec.width = g->width;
    spec.height = spec.width_px = 32;
    spec.classes = g->classes;
    spec.dense = g->dense;
    MN_TRY(g->family->build(&spec, &net));
    *out = shapes_of_net(&net);
    for (int32_t i = 0; i < net.layer_count; i++) {
        if (net.layers[i].kind == MN_LAYER_CONV) *head_channels = net.layers[net.layers[i].inputs[0]].c;
    }
    mn_net_free(&net);
    return MN_OK;
}

/* Its own top ends in a convolution in some architectures. Its classes are among those of the file's convolutions that
 * read as many channels; 0 when none is right. */
static mn_status find_classes(const shapes *s, guess *g) {
    shapes built;
    int32_t head_channels = 0;
    g->classes = 1;
    MN_TRY(build(g, &built, &head_channels));
    int32_t most = built.count == s->count && built.dense == 0 ? s->count : 0;
    for (int32_t i = 0; i < most && i < MAX_SHAPES; i++) {
        if (s->item[i].size != 1 || s->item[i].in != head_channels) continue;
        g->classes = s->item[i].out;
        MN_TRY(build(g, &built, &head_channels));
        if (same_shapes(&built, s)) return MN_OK;
    }
    g->classes = 0;
    return MN_OK;
}

/* Are these the convolutions of the family at this width, with its own top or without? */
static mn_status is(const shapes *s, guess *g, bool *same) {
    shapes built;
    int32_t head_channels;
    g->classes = 0;
    MN_TRY(build(g, &built, &head_channels));
    *same = same_shapes(&built, s);
    if (*same || s->dense > 0 || built.depthwise != s->depthwise) return MN_OK;
    MN_TRY(find_classes(s, g));
    *same = g->classes > 0;
    return MN_OK;
}

/* Width number `i` to try: the published ones and round ones first, for other widths give the same channels. */
static double candidate(const mn_net_family *family, int32_t i) {
    int32_t step = i - family->variant_count + 1;
    if (step < 1) return family->variants[i].width;
    return step <= ROUND_STEPS ? step / 20.0 : (step - ROUND_STEPS) / 100.0;
}

/* What tells a width of a family from others. */
typedef struct channels {
    int32_t of[9];
} channels;

/* False when the file has no convolution with some of them: it is another width's. */
static bool list_channels(const shapes *s, const mn_net_family *family, double width, channels *out) {
    *out = (channels){{0}};
    int32_t last = family->last_filters;
    out->of[8] = width > 1 ? (int32_t)(last * width * 100) : last;
    for (int32_t i = 0; i < 8 && family->filters[i] > 0; i++) {
        out->of[i] = family->channels(family->filters[i], width);
        if (!gives(s, out->of[i])) return false;
    }
    return true;
}

/* Widths that give the channels of one tried before are left out. */
static mn_status find_width(const shapes *s, guess *g, bool *found) {
    enum { MAX_TRIED = 64 };
    channels tried[MAX_TRIED], now;
    int32_t count = 0;
    for (int32_t i = 0; i < g->family->variant_count + WIDTH_STEPS && count < MAX_TRIED; i++) {
        g->width = candidate(g->family, i);
        bool again = !list_channels(s, g->family, g->width, &now);
        for (int32_t k = 0; k < count && !again; k++) again = memcmp(&tried[k], &now, sizeof now) == 0;
        if (again) continue;
        tried[count++] = now;
        MN_TRY(is(s, g, found));
        if (*found) return MN_OK;
    }
    return MN_OK;
}

/* As many convolutions as the family has, with its own top or without? */
static mn_status has_as_many(const shapes *s, const mn_net_family *family, bool *same) {
    guess g = {.family = family, .width = candidate(family, family->variant_count)}; /* a narrow one has as many */
    shapes bare, topped;
    int32_t head_channels;
    MN_TRY(build(&g, &bare, &head_channels));
    g.classes = 1;
    MN_TRY(build(&g, &topped, &head_channels));
    *same = s->depthwise == bare.depthwise && (s->count == bare.count || s->count == topped.count);
    return MN_OK;
}

static mn_status find(const shapes *s, guess *g, bool *found) {
    *found = false;
    for (int32_t i = 0; !*found && i < MN_NET_FAMILIES; i++) {
        bool same;
        g->family = &mn_net_families[i];
        MN_TRY(has_as_many(s, g->family, &same));
        if (same) MN_TRY(find_width(s, g, found));
    }
    return MN_OK;
}

mn_status mn_keras_width_of(const mn_net *net, int32_t *family, double *width) {
    shapes s = shapes_of_net(net);
    guess g = {0};
    bool found;
    MN_TRY(find(&s, &g, &found));
    *family = found ? (int32_t)(g.family - mn_net_families) : -1;
    *width = found ? g.width : 0;
    return MN_OK;
}

/* ---- Files ------------------------------------------------------------------------------------------- */

static mn_status check_kinds(const mn_keras_weights *w, const shapes *s) {
    for (int32_t i = 0; i < w->count; i++) {
        const mn_keras_entry *entry = &w->entries[i];
        if (entry->kind != MN_LAYER_KIND_COUNT || entry->arrays[0].type) continue;
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: layer '%s' has a kind that MobileNets do not have", w->h5.name,
                       entry->name);
    }
    if (s->dense <= 1) return MN_OK;
    return mn_fail(MN_ERROR_UNSUPPORTED,
                   "%s: has %d dense layers, and weights alone do not tell what is between them; save the whole model",
                   w->h5.name, s->dense);
}

/* The family that has as many layers, and its published width with the same first channels, for weights that are
 * nearly those of one: which layer is wrong is for mn_keras_assign() to say. False when there is none. */
static mn_status find_nearest(const shapes *s, guess *g, bool *found) {
    shapes built;
    int32_t head_channels;
    *found = false;
    for (int32_t f = 0; !*found && f < MN_NET_FAMILIES; f++) {
        g->family = &mn_net_families[f];
        for (int32_t i = g->family->variant_count; !*found && i-- > 0;) {
            g->width = candidate(g->family, i);
            g->classes = 0;
            MN_TRY(build(g, &built, &head_channels));
            *found = built.count == s->count && built.depthwise == s->depthwise && built.norms == s->norms &&
                     (i == 0 || built.item[0].out == s->item[0].out);
        }
    }
    return MN_OK;
}

static mn_status not_a_mobilenet(const mn_keras_weights *w, const shapes *s) {
    return mn_fail(
        MN_ERROR_UNSUPPORTED,
        "%s: these weights, %d convolutions, %d depthwise ones and %d batch norms, are not those of a MobileNet (V2 "
        "has 35, 17 and 52); for another network save the whole model, not only its weights",
        w->h5.name, s->count, s->depthwise, s->norms);
}

mn_status mn_keras_match(const mn_keras_weights *w, mn_net_spec *spec, int32_t *family, mn_net *out) {
    shapes s = shapes_of_weights(w);
    guess g = {0};
    bool found;
    MN_TRY(check_kinds(w, &s));
    MN_TRY(find(&s, &g, &found));
    if (!found) MN_TRY(find_nearest(&s, &g, &found));
    if (!found) return not_a_mobilenet(w, &s);
    *family = (int32_t)(g.family - mn_net_families);
    spec->width = g.width;
    spec->classes = g.classes;
    for (int32_t i = 0; i < w->count && s.dense > 0; i++) {
        const mn_h5_array *kernel = &w->entries[i].arrays[0];
        if (w->entries[i].kind == MN_LAYER_DENSE) spec->classes = kernel->dims[kernel->rank == 2 ? 1 : 0];
    }
    spec->dense = s.dense > 0;
    return g.family->build(spec, out);
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/correct_active.h"

#include "base/checked.h"
#include "quant/equalise_groups.h"
#include "quant/places.h"

/* Places looked at of each output of each photo, and fewer than which tell nothing. */
enum { PHOTO_PLACES = 64, LEAST_PLACES = 64 };

/* What the stored layer's output lacks where the float layer is active, and at how many places that was seen. */
typedef struct lack {
    double sum;
    int64_t places;
} lack;

typedef struct correction {
    mn_region region;
    const mn_scheme *scheme;
    mn_places *places; /* [layer_count]; a count of 0: a layer that stays */
    size_t *first;     /* [layer_count]: of its channels */
    size_t channels;   /* of all layers */
    lack *of_job;      /* [jobs][channels]: of one photo */
    lack *total;       /* [channels] */
    int16_t **met;     /* [jobs]: at one place */
} correction;

/* ---- One photo ------------------------------------------------------------------------------------------ */

/* A sum of products of stored values: it fits int32 wherever the layer's own does. */
static int32_t product(const mn_quant_layer *layer, const mn_places *v, bool depthwise, const int16_t *met, int32_t o) {
    const int32_t taps = v->w.k_h * v->w.k_w, count = taps * v->w.in_c;
    int32_t sum = 0;
    if (depthwise) {
        for (int32_t i = o; i < count; i += v->w.in_c) sum += met[i] * layer->stored[i];
    } else {
        const int8_t *weights = layer->stored + (size_t)o * (size_t)count;
        for (int32_t i = 0; i < count; i++) sum += met[i] * weights[i];
    }
    return sum;
}

static void look_at_place(const correction *c, int32_t index, const int16_t *met, const float *y, lack *lacks) {
    const mn_quant_layer *layer = &c->scheme->layers[index];
    const mn_places *v = &c->places[index];
    const bool depthwise = c->scheme->graph->ops[layer->op].kind == MN_OP_DEPTHWISE_CONV_2D;
    for (int32_t o = 0; o < layer->channels; o++) {
        if (!mn_places_active(v, y[o])) continue;
        const double scale = (double)v->step.scale * (double)mn_layer_scale(layer, o);
        lacks[o].sum += (double)y[o] - (double)layer->bias[o] - scale * product(layer, v, depthwise, met, o);
        lacks[o].places++;
    }
}

static void observe(void *context, int32_t job, int32_t sample, const mn_session *session) {
    const correction *c = context;
    lack *mine = c->of_job + (size_t)job * c->channels;
    for (size_t i = 0; i < c->channels; i++) mine[i] = (lack){0};
    for (int32_t i = 0; i < c->scheme->layer_count; i++) {
        const mn_places *v = &c->places[i];
        mn_random random = {(uint64_t)sample << 32 ^ (uint64_t)i};
        for (int32_t k = 0; k < v->count; k++) {
            const int32_t place = mn_places_choose(v, k, &random);
            const float *y = mn_session_tensor_data(session, v->output);
            mn_places_meet(v, mn_session_tensor_data(session, v->input), place, c->met[job]);
            look_at_place(c, i, c->met[job], y + (size_t)place * (size_t)v->w.out_c, mine + c->first[i]);
        }
    }
}

static void collect(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)sample;
    (void)session;
    const correction *c = context;
    const lack *theirs = c->of_job + (size_t)job * c->channels;
    for (size_t i = 0; i < c->channels; i++) {
        c->total[i].sum += theirs[i].sum;
        c->total[i].places += theirs[i].places;
    }
}

/* ---- All together --------------------------------------------------------------------------------------- */

/* Pixels are stored by a rule of their own (runner.c), and layers with several groups of channels are rare. */
static bool may_correct(const mn_scheme *scheme, const mn_op *op, int32_t index) {
    mn_weights w;
    const mn_activation activation = op->attr.activation;
    return (activation == MN_ACT_RELU || activation == MN_ACT_RELU6) && mn_weights_of(scheme->graph, index, &w) &&
           scheme->leader[op->inputs[0]] != scheme->leader[scheme->graph->inputs[0]];
}

static mn_status start(correction *c, int32_t jobs) {
    const mn_scheme *scheme = c->scheme;
    const size_t layers = (size_t)scheme->layer_count;
    size_t longest = 0;
    c->places = mn_region_alloc(&c->region, layers, sizeof *c->places);
    c->first = mn_region_alloc(&c->region, layers, sizeof *c->first);
    c->met = mn_region_alloc(&c->region, (size_t)jobs, sizeof *c->met);
    if (!c->places || !c->first || !c->met) return mn_fail_memory("the bias correction");
    for (int32_t i = 0; i < scheme->layer_count; i++) {
        const mn_quant_layer *layer = &scheme->layers[i];
        const mn_op *op = &scheme->graph->ops[layer->op];
        if (!may_correct(scheme, op, layer->op)) continue;
        c->places[i] = mn_places_of(scheme, op, PHOTO_PLACES);
        c->first[i] = c->channels;
        c->channels += (size_t)layer->channels;
        const mn_window *w = &c->places[i].w;
        longest = mn_max_size(longest, (size_t)(w->k_h * w->k_w) * (size_t)w->in_c);
    }
    c->of_job = mn_region_alloc(&c->region, (size_t)jobs * c->channels, sizeof *c->of_job);
    c->total = mn_region_alloc(&c->region, c->channels, sizeof *c->total);
    if (!c->of_job || !c->total) return mn_fail_memory("the bias correction");
    for (int32_t job = 0; job < jobs; job++) {
        c->met[job] = mn_region_alloc(&c->region, longest, sizeof *c->met[job]);
        if (!c->met[job]) return mn_fail_memory("the bias correction");
    }
    return MN_OK;
}

static void correct_layer(const correction *c, int32_t index) {
    const mn_quant_layer *layer = &c->scheme->layers[index];
    const lack *lacks = c->total + c->first[index];
    for (int32_t o = 0; o < layer->channels && c->places[index].count > 0; o++) {
        if (lacks[o].places < LEAST_PLACES) continue;
        layer->bias[o] += (float)(lacks[o].sum / (double)lacks[o].places);
    }
}

mn_status mn_correct_active(mn_scheme *scheme, mn_runner *floats, const mn_samples *samples,
                            const mn_quant_progress *progress) {
    correction c = {.scheme = scheme};
    mn_status status = start(&c, mn_runner_jobs(floats));
    if (status == MN_OK) status = mn_runner_each(floats, samples, observe, collect, &c, "active places", progress);
    for (int32_t i = 0; status == MN_OK && i < scheme->layer_count; i++) correct_layer(&c, i);
    mn_region_free(&c.region);
    return status;
}

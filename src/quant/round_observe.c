/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/round_observe.h"

#include "base/checked.h"
#include "base/extremes.h"
#include "quant/equalise_groups.h"
#include "quant/places.h"

/* Places looked at: of each output of each photo, and over all photos. Sums of 255 * 255 over the latter fit int32. */
enum { PHOTO_PLACES = 196, ALL_PLACES = 32768, LEAST_PLACES = 64 };

typedef struct observing {
    mn_region region;
    const mn_scheme *scheme;
    uint64_t seed;
    int32_t jobs;
    mn_places *places; /* [layer_count] */
    mn_inputs *of_job; /* [jobs][layer_count]: sums of depthwise layers */
    mn_inputs *out;    /* [layer_count] */
    int16_t **patch;   /* [jobs]: what one place meets */
} observing;

/* ---- One photo ------------------------------------------------------------------------------------------ */

static void add_products(const mn_places *v, const mn_inputs *sums, const int16_t *patch, const float *y) {
    const int32_t taps = sums->count;
    for (int32_t c = 0; c < v->w.in_c; c++) {
        if (!mn_places_active(v, y[c])) continue;
        int64_t *products = sums->products + (size_t)c * (size_t)(taps * taps);
        for (int32_t i = 0; i < taps; i++) {
            int32_t value = patch[i * v->w.in_c + c];
            sums->sums[c * taps + i] += value;
            for (int32_t k = 0; k < taps; k++) products[i * taps + k] += value * patch[k * v->w.in_c + c];
        }
        sums->used[c]++;
    }
}

static void observe_layer(const observing *o, int32_t job, int32_t layer, int32_t sample, const mn_session *session) {
    const mn_places *v = &o->places[layer];
    const mn_inputs *out = &o->out[layer];
    const float *x = mn_session_tensor_data(session, v->input), *y = mn_session_tensor_data(session, v->output);
    mn_random random = {o->seed ^ (uint64_t)sample << 32 ^ (uint64_t)layer};
    for (int32_t i = 0; i < v->count; i++) {
        int32_t place = mn_places_choose(v, i, &random);
        if (out->depthwise) {
            mn_places_meet(v, x, place, o->patch[job]);
            add_products(v, &o->of_job[job * o->scheme->layer_count + layer], o->patch[job],
                         y + (size_t)place * (size_t)v->w.in_c);
        } else {
            size_t at = (size_t)sample * (size_t)v->count + (size_t)i;
            mn_places_meet(v, x, place, out->values + at * (size_t)out->count);
        }
    }
}

static void observe(void *context, int32_t job, int32_t sample, const mn_session *session) {
    const observing *o = context;
    for (int32_t i = 0; i < o->scheme->layer_count; i++) {
        if (o->out[i].count > 0) observe_layer(o, job, i, sample, session);
    }
}

/* ---- All photos ----------------------------------------------------------------------------------------- */

static mn_status make_sums(mn_region *region, int32_t channels, mn_inputs *x) {
    size_t outputs = (size_t)channels, count = (size_t)x->count;
    x->products = mn_region_alloc(region, outputs, count * count * sizeof *x->products);
    x->sums = mn_region_alloc(region, outputs, count * sizeof *x->sums);
    x->used = mn_region_alloc(region, outputs, sizeof *x->used);
    return x->products && x->sums && x->used ? MN_OK : mn_fail_memory("the layers' inputs");
}

static mn_status start_layer(observing *o, int32_t index, int32_t samples, mn_region *region) {
    const mn_quant_layer *layer = &o->scheme->layers[index];
    const mn_op *op = &o->scheme->graph->ops[layer->op];
    mn_inputs *out = &o->out[index];
    mn_weights w;
    *out = (mn_inputs){0};
    if (!mn_weights_of(o->scheme->graph, layer->op, &w)) return MN_OK;
    mn_places *v = &o->places[index];
    *v = mn_places_of(o->scheme, op, mn_min_i32(PHOTO_PLACES, mn_max_i32(ALL_PLACES / samples, 1)));
    out->depthwise = w.depthwise;
    out->count = w.depthwise ? w.taps : w.taps * w.inputs;
    out->places = v->count * samples;
    if (w.depthwise) {
        MN_TRY(make_sums(region, w.outputs, out));
        for (int32_t job = 0; job < o->jobs; job++) {
            mn_inputs *mine = &o->of_job[job * o->scheme->layer_count + index];
            *mine = (mn_inputs){.count = out->count};
            MN_TRY(make_sums(&o->region, w.outputs, mine));
        }
        return MN_OK;
    }
    out->values = mn_region_alloc(region, (size_t)out->places, (size_t)out->count * sizeof *out->values);
    return out->values ? MN_OK : mn_fail_memory("the layers' inputs");
}

static mn_status start(observing *o, int32_t samples, mn_region *region) {
    size_t layers = (size_t)o->scheme->layer_count, longest = 0;
    o->places = mn_region_alloc(&o->region, layers, sizeof *o->places);
    o->of_job = mn_region_alloc(&o->region, layers * (size_t)o->jobs, sizeof *o->of_job);
    o->patch = mn_region_alloc(&o->region, (size_t)o->jobs, sizeof *o->patch);
    if (!o->places || !o->of_job || !o->patch) return mn_fail_memory("the layers' inputs");
    for (int32_t i = 0; i < o->scheme->layer_count; i++) {
        MN_TRY(start_layer(o, i, samples, region));
        longest = mn_max_size(longest, (size_t)o->out[i].count * (size_t)o->places[i].w.in_c);
    }
    for (int32_t job = 0; job < o->jobs; job++) {
        o->patch[job] = mn_region_alloc(&o->region, longest, sizeof *o->patch[job]);
        if (!o->patch[job]) return mn_fail_memory("the layers' inputs");
    }
    return MN_OK;
}

static void add_all(int64_t *to, const int64_t *from, size_t count) {
    for (size_t i = 0; i < count; i++) to[i] += from[i];
}

/* Sums of integers are the same in any order. */
static void merge(const observing *o, int32_t index) {
    const mn_inputs *out = &o->out[index];
    size_t channels = (size_t)o->places[index].w.in_c, count = (size_t)out->count;
    for (int32_t job = 0; out->depthwise && job < o->jobs; job++) {
        const mn_inputs *mine = &o->of_job[job * o->scheme->layer_count + index];
        add_all(out->products, mine->products, channels * count * count);
        add_all(out->sums, mine->sums, channels * count);
        add_all(out->used, mine->used, channels);
    }
}

mn_status mn_inputs_observe(const mn_scheme *scheme, mn_runner *floats, const mn_samples *samples, uint64_t seed,
                            const mn_quant_progress *progress, mn_region *region, mn_inputs *out) {
    observing o = {.scheme = scheme, .seed = seed, .jobs = mn_runner_jobs(floats), .out = out};
    mn_status status = start(&o, samples->count, region);
    if (status == MN_OK) status = mn_runner_each(floats, samples, observe, NULL, &o, "layer inputs", progress);
    for (int32_t i = 0; status == MN_OK && i < scheme->layer_count; i++) merge(&o, i);
    mn_region_free(&o.region);
    return status;
}

/* ---- Covariance ----------------------------------------------------------------------------------------- */

enum { BLOCK = 4 };

/* Covariances shrink towards their diagonal (Ledoit and Wolf, 2004) as if there were so many times fewer places,
 * because those of one photo are alike. With weights rounded on half of the photos, projections of 576 and 960 inputs
 * lose up to a quarter less on the other half than with 1. */
#define SHRINKAGE 8.0

/* h[i][k] = sum over the places of value i times value k, on the diagonal and below it; sum[i] = sum of value i. */
static void sum_products(const mn_inputs *x, double *h, double *sum) {
    const size_t count = (size_t)x->count;
    for (int32_t place = 0; place < x->places; place += BLOCK) {
        int32_t used = mn_min_i32(BLOCK, x->places - place);
        const int16_t *v[BLOCK];
        for (int32_t b = 0; b < BLOCK; b++) v[b] = x->values + (size_t)(place + (b < used ? b : 0)) * count;
        for (size_t i = 0; i < count; i++) {
            double a[BLOCK] = {0}, *row = h + i * count;
            for (int32_t b = 0; b < used; b++) sum[i] += a[b] = v[b][i];
            if (a[0] == 0 && a[1] == 0 && a[2] == 0 && a[3] == 0) continue;
            for (size_t k = 0; k <= i; k++) row[k] += a[0] * v[0][k] + a[1] * v[1][k] + a[2] * v[2][k] + a[3] * v[3][k];
        }
    }
}

static bool finish(int32_t count, double places, double *h, const double *sum) {
    double keep = places / (places + SHRINKAGE * count), largest = 0;
    for (int32_t i = 0; i < count; i++) {
        for (int32_t k = 0; k <= i; k++) {
            size_t at = (size_t)i * (size_t)count + (size_t)k, mirrored = (size_t)k * (size_t)count + (size_t)i;
            double found = h[at] / places - sum[i] / places * (sum[k] / places);
            h[at] = h[mirrored] = i == k ? found : keep * found;
        }
        largest = mn_max_f64(largest, h[(size_t)i * (size_t)count + (size_t)i]);
    }
    /* Inputs that never change: their weights cost nothing, but a slope needs a diagonal. */
    for (int32_t i = 0; i < count; i++) h[(size_t)i * (size_t)count + (size_t)i] += 1e-6 * largest;
    return largest > 0;
}

bool mn_inputs_covariance(const mn_inputs *x, int32_t channel, double *h, double *sum) {
    const size_t count = (size_t)x->count;
    for (size_t i = 0; i < count * count; i++) h[i] = 0;
    for (size_t i = 0; i < count; i++) sum[i] = 0;
    if (!x->depthwise) {
        sum_products(x, h, sum);
        return finish(x->count, x->places, h, sum);
    }
    if (x->used[channel] < LEAST_PLACES) return false;
    for (size_t i = 0; i < count; i++) sum[i] = (double)x->sums[(size_t)channel * count + i];
    for (size_t i = 0; i < count * count; i++) h[i] = (double)x->products[(size_t)channel * count * count + i];
    return finish(x->count, (double)x->used[channel], h, sum);
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/round.h"

#include <math.h>
#include <string.h>

#include "base/sync.h"
#include "base/thread.h"
#include "quant/round_fit.h"
#include "quant/round_observe.h"

/* Scales tried for a channel: equal parts of those that make the largest weight LEAST_REACH to 1 of 127 steps. */
#define LEAST_REACH 0.75
enum { MANY_SCALES = 129, SOME_SCALES = 5 };

/* What one thread works with. */
typedef struct desk {
    double *h, *sum, *slope; /* [longest][longest], [longest], [longest] */
    float *weights, *wanted; /* [longest]: of one channel, and what it is rounded to */
    int8_t *stored, *tried;
} desk;

typedef struct learning {
    mn_region region;
    mn_scheme *scheme;
    mn_inputs *inputs; /* [layer_count] */
    desk *desks;       /* [jobs] */
    const mn_quant_progress *progress;
    mn_mutex lock;
    int32_t next, done; /* under lock */
} learning;

/* ---- One channel ---------------------------------------------------------------------------------------- */

static int32_t weight_index(const mn_quant_layer *layer, const mn_inputs *x, int32_t channel, int32_t i) {
    return x->depthwise ? i * layer->channels + channel : channel * x->count + i;
}

static void round_nearest(const float *weights, int32_t count, double scale, int8_t *stored) {
    for (int32_t i = 0; i < count; i++) {
        stored[i] = (int8_t)fmin(fmax(round((double)weights[i] / scale), -127), 127);
    }
}

/* The best of several scales, of which the first is the one that the layer has. */
static float fit_channel(desk *d, int32_t count, float first, int32_t scales) {
    float best_scale = first;
    double best = INFINITY;
    for (int32_t i = 0; i < scales; i++) {
        float scale = (float)((double)first / (1 - (1 - LEAST_REACH) * i / scales));
        round_nearest(d->wanted, count, (double)scale, d->tried);
        double error = mn_round_fit(d->h, d->wanted, count, (double)scale, d->tried, d->slope);
        if (error >= best) continue;
        best = error;
        best_scale = scale;
        memcpy(d->stored, d->tried, (size_t)count);
    }
    return best_scale;
}

static void read_weights(const mn_quant_layer *layer, const mn_inputs *x, int32_t channel, float *weights) {
    for (int32_t i = 0; i < x->count; i++) weights[i] = layer->weights[weight_index(layer, x, channel, i)];
}

static bool is_copy(const mn_quant_layer *layer, const mn_inputs *x, int32_t channel, const float *weights) {
    for (int32_t i = 0; i < x->count; i++) {
        if (layer->weights[weight_index(layer, x, channel, i)] != weights[i]) return false;
    }
    return true;
}

/* What `channel` is to be rounded to: its weights, and what copies of it (copies.h) before it lack of them, because a
 * reader takes their sum. */
static void find_wanted(const mn_quant_layer *layer, const mn_inputs *x, int32_t channel, desk *d) {
    read_weights(layer, x, channel, d->weights);
    memcpy(d->wanted, d->weights, (size_t)x->count * sizeof *d->wanted);
    for (int32_t c = 0; c < channel; c++) {
        if (!is_copy(layer, x, c, d->weights)) continue;
        for (int32_t i = 0; i < x->count; i++) {
            const int8_t stored = layer->stored[weight_index(layer, x, c, i)];
            d->wanted[i] += d->weights[i] - mn_layer_scale(layer, c) * (float)stored;
        }
    }
}

static void learn_layer(const learning *l, int32_t index, desk *d) {
    mn_quant_layer *layer = &l->scheme->layers[index];
    const mn_inputs *x = &l->inputs[index];
    bool known = false;
    for (int32_t c = 0; c < layer->channels && x->count > 0; c++) {
        if (x->depthwise || c == 0) known = mn_inputs_covariance(x, c, d->h, d->sum);
        if (!known) continue;
        find_wanted(layer, x, c, d);
        int32_t scales = x->count <= MN_ROUND_FEW ? MANY_SCALES : SOME_SCALES;
        float scale = fit_channel(d, x->count, mn_layer_scale(layer, c), layer->scale_count > 1 ? scales : 1);
        if (layer->scale_count > 1) layer->scale[c] = scale;
        for (int32_t i = 0; i < x->count; i++) layer->stored[weight_index(layer, x, c, i)] = d->stored[i];
    }
}

/* ---- All layers ----------------------------------------------------------------------------------------- */

/* The layers that take longest, those at the end, first. */
static int32_t take_next(learning *l, int32_t finished) {
    mn_mutex_lock(&l->lock);
    l->done += finished;
    if (finished && l->progress && l->progress->tell) {
        l->progress->tell(l->progress->context, "rounding", l->done, l->scheme->layer_count);
    }
    int32_t next = --l->next;
    mn_mutex_unlock(&l->lock);
    return next;
}

static void work(void *context, int32_t job, int32_t jobs) {
    (void)jobs;
    learning *l = context;
    for (int32_t i = take_next(l, 0); i >= 0; i = take_next(l, 1)) learn_layer(l, i, &l->desks[job]);
}

static mn_status make_desks(learning *l, int32_t jobs) {
    size_t longest = 0;
    for (int32_t i = 0; i < l->scheme->layer_count; i++) {
        if ((size_t)l->inputs[i].count > longest) longest = (size_t)l->inputs[i].count;
    }
    l->desks = mn_region_alloc(&l->region, (size_t)jobs, sizeof *l->desks);
    for (int32_t i = 0; l->desks && i < jobs; i++) {
        desk *d = &l->desks[i];
        *d = (desk){.h = mn_region_alloc(&l->region, longest, longest * sizeof *d->h),
                    .sum = mn_region_alloc(&l->region, longest, sizeof *d->sum),
                    .slope = mn_region_alloc(&l->region, longest, sizeof *d->slope),
                    .weights = mn_region_alloc(&l->region, longest, sizeof *d->weights),
                    .wanted = mn_region_alloc(&l->region, longest, sizeof *d->wanted),
                    .stored = mn_region_alloc(&l->region, longest, 1),
                    .tried = mn_region_alloc(&l->region, longest, 1)};
        if (!d->h || !d->sum || !d->slope || !d->weights || !d->wanted || !d->stored || !d->tried) l->desks = NULL;
    }
    return l->desks ? MN_OK : mn_fail_memory("the rounding of weights");
}

static mn_status learn(learning *l, int32_t jobs) {
    MN_TRY(make_desks(l, jobs));
    l->next = l->scheme->layer_count;
    if (jobs == 1) {
        work(l, 0, 1);
        return MN_OK;
    }
    mn_team *team = NULL;
    MN_TRY(mn_team_create(jobs, &team));
    mn_team_run(team, work, l);
    mn_team_close(&team);
    return MN_OK;
}

mn_status mn_round_learn(mn_scheme *scheme, mn_runner *floats, const mn_samples *samples, uint64_t seed,
                         const mn_quant_progress *progress) {
    learning l = {.scheme = scheme, .progress = progress, .lock = MN_MUTEX_INITIAL};
    l.inputs = mn_region_alloc(&l.region, (size_t)scheme->layer_count, sizeof *l.inputs);
    mn_status status = l.inputs ? MN_OK : mn_fail_memory("the rounding of weights");
    if (status == MN_OK) {
        status = mn_inputs_observe(scheme, floats, samples, seed, progress, &l.region, l.inputs);
    }
    if (status == MN_OK) status = learn(&l, mn_runner_jobs(floats));
    mn_mutex_destroy(&l.lock);
    mn_region_free(&l.region);
    return status;
}

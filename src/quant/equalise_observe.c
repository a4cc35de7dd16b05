/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/equalise_observe.h"

#include <math.h>

#include "base/extremes.h"

/* Sums over one photo or all of them. */
typedef struct sums {
    double sum, squares;
    float low, high;
} sums;

typedef struct observing {
    mn_region region;
    const mn_graph *graph;
    size_t channels; /* of all tensors */
    size_t *first;   /* [tensor_count]: of the channels of each */
    mn_channels *out;
    sums *of_job; /* [jobs][channels]: of one photo */
    sums *total;  /* [channels] */
} observing;

static void observe(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)sample;
    const observing *o = context;
    for (int32_t i = 0; i < o->graph->tensor_count; i++) {
        size_t channels = (size_t)o->out[i].count, values = o->graph->tensors[i].bytes / sizeof(float);
        sums *mine = o->of_job + (size_t)job * o->channels + o->first[i];
        const float *x = mn_session_tensor_data(session, i);
        for (size_t c = 0; c < channels; c++) mine[c] = (sums){.low = INFINITY, .high = -INFINITY};
        for (size_t at = 0; channels > 0 && at < values; at += channels) {
            for (size_t c = 0; c < channels; c++) {
                float value = x[at + c];
                mine[c].sum += (double)value;
                mine[c].squares += (double)value * (double)value;
                mine[c].low = value < mine[c].low ? value : mine[c].low;
                mine[c].high = value > mine[c].high ? value : mine[c].high;
            }
        }
    }
}

static void collect(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)sample;
    (void)session;
    const observing *o = context;
    const sums *theirs = o->of_job + (size_t)job * o->channels;
    for (size_t i = 0; i < o->channels; i++) {
        o->total[i].sum += theirs[i].sum;
        o->total[i].squares += theirs[i].squares;
        o->total[i].low = mn_min_f32(o->total[i].low, theirs[i].low);
        o->total[i].high = mn_max_f32(o->total[i].high, theirs[i].high);
    }
}

static mn_status add_channels(observing *o, int32_t index, mn_region *region) {
    const mn_tensor *tensor = &o->graph->tensors[index];
    int32_t count = tensor->rank > 0 ? tensor->dims[tensor->rank - 1] : 1;
    o->first[index] = o->channels;
    o->channels += (size_t)count;
    o->out[index] = (mn_channels){.count = count, .of = mn_region_alloc(region, (size_t)count, sizeof(mn_channel))};
    return o->out[index].of ? MN_OK : mn_fail_memory("the channels' statistics");
}

static mn_status start(observing *o, int32_t jobs, mn_region *region) {
    o->first = mn_region_alloc(&o->region, (size_t)o->graph->tensor_count, sizeof *o->first);
    if (!o->first) return mn_fail_memory("the channels' statistics");
    MN_TRY(add_channels(o, o->graph->inputs[0], region));
    for (int32_t i = 0; i < o->graph->op_count; i++) MN_TRY(add_channels(o, o->graph->ops[i].outputs[0], region));
    o->of_job = mn_region_alloc(&o->region, (size_t)jobs * o->channels, sizeof *o->of_job);
    o->total = mn_region_alloc(&o->region, o->channels, sizeof *o->total);
    if (!o->of_job || !o->total) return mn_fail_memory("the channels' statistics");
    for (size_t i = 0; i < o->channels; i++) o->total[i] = (sums){.low = INFINITY, .high = -INFINITY};
    return MN_OK;
}

static void describe(const observing *o, int32_t tensor, int32_t samples) {
    const mn_channels *x = &o->out[tensor];
    const size_t each = o->graph->tensors[tensor].bytes / sizeof(float);
    const double values = (double)each * samples;
    for (int32_t c = 0; c < x->count; c++) {
        const sums *s = &o->total[o->first[tensor] + (size_t)c];
        double count = values / x->count, mean = s->sum / count;
        x->of[c] = (mn_channel){.low = s->low,
                                .high = s->high,
                                .mean = (float)mean,
                                .variance = (float)fmax(s->squares / count - mean * mean, 0)};
    }
}

mn_status mn_channels_observe(const mn_graph *graph, mn_runner *runner, const mn_samples *samples,
                              const mn_quant_progress *progress, mn_region *region, mn_channels *out) {
    observing o = {.graph = graph, .out = out};
    for (int32_t i = 0; i < graph->tensor_count; i++) out[i] = (mn_channels){0};
    mn_status status = start(&o, mn_runner_jobs(runner), region);
    if (status == MN_OK) {
        status = mn_runner_each(runner, samples, observe, collect, &o, "channels", progress);
    }
    for (int32_t i = 0; status == MN_OK && i < graph->tensor_count; i++) describe(&o, i, samples->count);
    mn_region_free(&o.region);
    return status;
}

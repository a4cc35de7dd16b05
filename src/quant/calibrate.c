/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/calibrate.h"

#include <math.h>

typedef struct calibration {
    mn_region region;
    const mn_scheme *scheme;
    int32_t tensors;
    int32_t jobs;
    size_t *elements;          /* [tensors]: 0 for tensors that are not observed */
    mn_interval *extremes;     /* [jobs][tensors] */
    mn_histogram **histograms; /* [jobs][tensors]; NULL where not observed */
} calibration;

/* ---- First pass: extremes ------------------------------------------------------------------------------- */

/* NaN makes both ends NaN and stays. */
static mn_interval extend(mn_interval range, const float *values, size_t count) {
    float low = range.low, high = range.high;
    size_t start = 0;
    if (low > high && count > 0) {
        low = high = values[0];
        start = 1;
    }
    for (size_t i = start; i < count; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    /* Comparisons skip NaN, sums do not; an infinity is one of the extremes. */
    float sum = 0;
    for (size_t i = 0; i < count; i++) sum += values[i] * 0;
    if (!(sum == 0)) low = high = NAN;
    return (mn_interval){low, high};
}

static void observe_extremes(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)sample;
    calibration *c = context;
    mn_interval *mine = c->extremes + (size_t)job * (size_t)c->tensors;
    for (int32_t i = 0; i < c->tensors; i++) {
        if (c->elements[i] == 0 || isnan(mine[i].low)) continue;
        mine[i] = extend(mine[i], mn_session_tensor_data(session, i), c->elements[i]);
    }
}

static mn_status merge_extremes(calibration *c, mn_interval *range) {
    for (int32_t i = 0; i < c->tensors; i++) {
        if (c->elements[i] == 0) continue;
        range[i] = MN_INTERVAL_UNKNOWN;
        for (int32_t job = 0; job < c->jobs; job++) {
            mn_interval theirs = c->extremes[(size_t)job * (size_t)c->tensors + (size_t)i];
            if (theirs.low > theirs.high) continue;
            bool first = range[i].low > range[i].high;
            if (first || isnan(theirs.low) || theirs.low < range[i].low) range[i].low = theirs.low;
            if (first || isnan(theirs.high) || theirs.high > range[i].high) range[i].high = theirs.high;
        }
        if (isfinite(range[i].low) && isfinite(range[i].high)) continue;
        return mn_fail(MN_ERROR_FORMAT, "%s: tensor %s became NaN or infinite on a photo; the model is not sound",
                       c->scheme->graph->name, c->scheme->graph->tensors[i].name);
    }
    return MN_OK;
}

/* ---- Second pass: histograms ---------------------------------------------------------------------------- */

static void count_values(mn_histogram *h, const float *values, size_t count) {
    const float low = h->range.low, per_value = (float)MN_HISTOGRAM_BINS / (h->range.high - low);
    uint64_t zeros = 0;
    for (size_t i = 0; i < count; i++) {
        if (values[i] == 0) {
            zeros++;
            continue;
        }
        int32_t bin = (int32_t)((values[i] - low) * per_value);
        h->count[bin < 0 ? 0 : bin < MN_HISTOGRAM_BINS ? bin : MN_HISTOGRAM_BINS - 1]++;
    }
    h->zeros += zeros;
}

static void observe_histograms(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)sample;
    calibration *c = context;
    mn_histogram **mine = c->histograms + (size_t)job * (size_t)c->tensors;
    for (int32_t i = 0; i < c->tensors; i++) {
        if (mine[i]) count_values(mine[i], mn_session_tensor_data(session, i), c->elements[i]);
    }
}

static mn_status make_histograms(calibration *c, const mn_interval *range) {
    c->histograms = mn_region_alloc(&c->region, (size_t)c->jobs * (size_t)c->tensors, sizeof *c->histograms);
    if (!c->histograms) return mn_fail_memory("the histograms");
    for (int32_t i = 0; i < c->tensors * c->jobs; i++) {
        mn_interval widened = {fminf(range[i % c->tensors].low, 0), fmaxf(range[i % c->tensors].high, 0)};
        if (c->elements[i % c->tensors] == 0 || !(widened.high - widened.low > 1e-30f)) continue;
        c->histograms[i] = mn_region_alloc(&c->region, 1, sizeof **c->histograms);
        if (!c->histograms[i]) return mn_fail_memory("the histograms");
        c->histograms[i]->range = widened;
    }
    return MN_OK;
}

static void merge_histograms(calibration *c, int32_t tensor) {
    mn_histogram *sum = c->histograms[tensor];
    for (int32_t job = 1; job < c->jobs; job++) {
        const mn_histogram *theirs = c->histograms[job * c->tensors + tensor];
        sum->zeros += theirs->zeros;
        for (int32_t b = 0; b < MN_HISTOGRAM_BINS; b++) sum->count[b] += theirs->count[b];
    }
}

static mn_status choose_ranges(calibration *c, mn_runner *runner, const mn_samples *samples, mn_range_method method,
                               mn_interval *range, const mn_quant_progress *progress) {
    MN_TRY(make_histograms(c, range));
    MN_TRY(mn_runner_each(runner, samples, observe_histograms, NULL, c, "histograms", progress));
    for (int32_t i = 0; i < c->tensors; i++) {
        if (!c->histograms[i]) continue;
        merge_histograms(c, i);
        range[i] = mn_range_choose(method, c->histograms[i]);
    }
    return MN_OK;
}

/* ---- Both ----------------------------------------------------------------------------------------------- */

static mn_status start(calibration *c) {
    const mn_graph *graph = c->scheme->graph;
    size_t tensors = (size_t)c->tensors;
    c->elements = mn_region_alloc(&c->region, tensors, sizeof *c->elements);
    c->extremes = mn_region_alloc(&c->region, (size_t)c->jobs * tensors, sizeof *c->extremes);
    if (!c->elements || !c->extremes) return mn_fail_memory("the ranges");
    for (int32_t i = 0; i < c->tensors; i++) {
        if (mn_scheme_is_open(c->scheme, i)) c->elements[i] = graph->tensors[i].bytes / sizeof(float);
    }
    for (int32_t i = 0; i < c->tensors * c->jobs; i++) c->extremes[i] = MN_INTERVAL_UNKNOWN;
    return MN_OK;
}

mn_status mn_calibrate(mn_scheme *scheme, mn_runner *runner, const mn_samples *samples, mn_range_method method,
                       const mn_quant_progress *progress) {
    calibration c = {.scheme = scheme, .tensors = scheme->graph->tensor_count, .jobs = mn_runner_jobs(runner)};
    mn_status status = start(&c);
    if (status == MN_OK) {
        status = mn_runner_each(runner, samples, observe_extremes, NULL, &c, "ranges", progress);
    }
    if (status == MN_OK) status = merge_extremes(&c, scheme->range);
    if (status == MN_OK && method != MN_RANGE_MINMAX) {
        status = choose_ranges(&c, runner, samples, method, scheme->range, progress);
    }
    mn_region_free(&c.region);
    return status;
}

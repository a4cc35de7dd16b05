/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/calibrate.h"

#include <math.h>
#include <string.h>

#include "quant/scores.h"

typedef struct calibration {
    mn_region region;
    const mn_scheme *scheme;
    int32_t tensors;
    int32_t jobs;
    size_t *elements;          /* [tensors]: 0 for tensors that are not observed */
    mn_interval *extremes;     /* [jobs][tensors] */
    mn_histogram **histograms; /* [jobs][tensors]; NULL where not observed */
    float **scores;            /* [tensors]: [samples][elements]; NULL where not those of a softmax */
} calibration;

/* ---- First pass: extremes ------------------------------------------------------------------------------- */

/* Several of each, so that the processor need not wait for one comparison before the next. */
enum { LANES = 16 };

/* NaN makes both ends NaN and stays. */
static mn_interval extend(mn_interval range, const float *values, size_t count) {
    float low[LANES], high[LANES], sum[LANES] = {0};
    const bool empty = range.low > range.high && count > 0;
    for (size_t k = 0; k < LANES; k++) {
        low[k] = empty ? values[0] : range.low;
        high[k] = empty ? values[0] : range.high;
    }
    /* Comparisons skip NaN, sums do not; an infinity is one of the extremes. */
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        for (size_t k = 0; k < LANES; k++) {
            const float value = values[i + k];
            low[k] = value < low[k] ? value : low[k];
            high[k] = value > high[k] ? value : high[k];
            sum[k] += value * 0;
        }
    }
    for (; i < count; i++) {
        low[0] = values[i] < low[0] ? values[i] : low[0];
        high[0] = values[i] > high[0] ? values[i] : high[0];
        sum[0] += values[i] * 0;
    }
    for (size_t k = 1; k < LANES; k++) {
        low[0] = low[k] < low[0] ? low[k] : low[0];
        high[0] = high[k] > high[0] ? high[k] : high[0];
        sum[0] += sum[k];
    }
    if (!(sum[0] == 0)) low[0] = high[0] = NAN;
    return (mn_interval){low[0], high[0]};
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
        return mn_fail(MN_ERROR_FORMAT, "%s: tensor %s became NaN or infinite on a photo; check the model's weights",
                       c->scheme->graph->name, c->scheme->graph->tensors[i].name);
    }
    return MN_OK;
}

/* ---- Second pass: histograms ---------------------------------------------------------------------------- */

/* Places are found for a block of values at once, without a branch: half of the values behind RELU are zeros, in no
 * order. Zeros are counted in turns, as the next of a count has to wait for the last one. */
enum { BLOCK = 64, TURNS = 8 };

static void find_bins(const mn_histogram *h, const float *values, int32_t count, int32_t *bins) {
    const float low = h->range.low, per_value = (float)MN_HISTOGRAM_BINS / (h->range.high - low);
    const float last = MN_HISTOGRAM_BINS - 1;
    for (int32_t i = 0; i < count; i++) {
        float place = (values[i] - low) * per_value;
        place = place < last ? place : last;
        place = place > 0 ? place : 0;
        bins[i] = values[i] == 0 ? MN_HISTOGRAM_BINS + i % TURNS : (int32_t)place;
    }
}

static void count_values(mn_histogram *h, const float *values, size_t count) {
    uint32_t found[MN_HISTOGRAM_BINS + TURNS] = {0}; /* a tensor has fewer than 2^31 values */
    int32_t bins[BLOCK];
    for (size_t i = 0; i < count; i += BLOCK) {
        const int32_t part = count - i < BLOCK ? (int32_t)(count - i) : BLOCK;
        find_bins(h, values + i, part, bins);
        for (int32_t k = 0; k < part; k++) found[bins[k]]++;
    }
    for (int32_t i = 0; i < MN_HISTOGRAM_BINS; i++) h->count[i] += found[i];
    for (int32_t i = 0; i < TURNS; i++) h->zeros += found[MN_HISTOGRAM_BINS + i];
}

static void observe_histograms(void *context, int32_t job, int32_t sample, const mn_session *session) {
    calibration *c = context;
    mn_histogram **mine = c->histograms + (size_t)job * (size_t)c->tensors;
    for (int32_t i = 0; i < c->tensors; i++) {
        const size_t elements = c->elements[i];
        if (mine[i]) count_values(mine[i], mn_session_tensor_data(session, i), elements);
        if (!c->scores[i]) continue;
        memcpy(c->scores[i] + (size_t)sample * elements, mn_session_tensor_data(session, i), elements * sizeof(float));
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

/* Room for the scores that every SOFTMAX reads, where their range may be chosen by what it does to the answer. */
static mn_status make_scores(calibration *c, mn_range_method method, int32_t samples) {
    const mn_graph *graph = c->scheme->graph;
    c->scores = mn_region_alloc(&c->region, (size_t)c->tensors, sizeof *c->scores);
    if (!c->scores) return mn_fail_memory("the scores");
    for (int32_t i = 0; i < graph->op_count && method == MN_RANGE_MSE; i++) {
        const int32_t read = graph->ops[i].inputs[0];
        if (!mn_scores_are_free(c->scheme, &graph->ops[i])) continue;
        c->scores[read] = mn_region_alloc(&c->region, (size_t)samples, c->elements[read] * sizeof(float));
        if (!c->scores[read]) return mn_fail_memory("the scores");
    }
    return MN_OK;
}

/* All that share the scale hold the same values. */
static void choose_scores(const calibration *c, int32_t tensor, int32_t samples, mn_interval *range) {
    const mn_tensor *t = &c->scheme->graph->tensors[tensor];
    const int32_t classes = t->dims[t->rank - 1];
    const mn_scores scores = {.rows = (int32_t)(c->elements[tensor] / (size_t)classes) * samples,
                              .classes = classes,
                              .values = c->scores[tensor]};
    const mn_interval all = c->histograms[tensor]->range, found = mn_scores_range(&scores, all);
    for (int32_t i = 0; i < c->tensors; i++) {
        if (c->scheme->leader[i] == c->scheme->leader[tensor]) range[i] = found;
    }
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
    MN_TRY(make_scores(c, method, samples->count));
    MN_TRY(mn_runner_each(runner, samples, observe_histograms, NULL, c, "histograms", progress));
    for (int32_t i = 0; i < c->tensors; i++) {
        if (!c->histograms[i]) continue;
        merge_histograms(c, i);
        range[i] = mn_range_choose(method, c->histograms[i]);
    }
    for (int32_t i = 0; i < c->tensors; i++) {
        if (c->scores[i] && c->histograms[i]) choose_scores(c, i, samples->count, range);
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

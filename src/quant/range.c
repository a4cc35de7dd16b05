/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/range.h"

#include <math.h>

enum { BINS = MN_HISTOGRAM_BINS, STEPS = 255 };

static const char *const names[MN_RANGE_METHOD_COUNT] = {
    [MN_RANGE_MINMAX] = "minmax",
    [MN_RANGE_PERCENTILE] = "percentile",
    [MN_RANGE_MSE] = "mse",
};

const char *mn_range_method_name(mn_range_method method) { return names[method]; }

static double bin_width(const mn_histogram *h) { return ((double)h->range.high - (double)h->range.low) / BINS; }

static double bin_centre(const mn_histogram *h, int32_t bin) {
    return (double)h->range.low + (bin + 0.5) * bin_width(h);
}

static uint64_t total(const mn_histogram *h) {
    uint64_t sum = h->zeros;
    for (int32_t i = 0; i < BINS; i++) sum += h->count[i];
    return sum;
}

/* ---- Percentile ----------------------------------------------------------------------------------------- */

static mn_interval percentile(const mn_histogram *h) {
    const double leave = MN_RANGE_OUTLIERS * (double)total(h);
    int32_t first = 0, last = BINS - 1;
    double below = (double)h->count[first], above = (double)h->count[last];
    while (below <= leave && first < BINS - 1) below += (double)h->count[++first];
    while (above <= leave && last > first) above += (double)h->count[--last];
    double low = (double)h->range.low + first * bin_width(h), high = (double)h->range.low + (last + 1) * bin_width(h);
    return (mn_interval){.low = (float)fmin(low, 0), .high = (float)fmax(high, 0)};
}

/* ---- Mean squared error --------------------------------------------------------------------------------- */

/* Sums over bins [0, i): how many values, their sum and their squares. */
typedef struct moments {
    double n[BINS + 1], x[BINS + 1], xx[BINS + 1];
} moments;

static void sum_moments(const mn_histogram *h, moments *m) {
    m->n[0] = m->x[0] = m->xx[0] = 0;
    for (int32_t i = 0; i < BINS; i++) {
        double n = (double)h->count[i], x = bin_centre(h, i);
        m->n[i + 1] = m->n[i] + n;
        m->x[i + 1] = m->x[i] + n * x;
        m->xx[i + 1] = m->xx[i] + n * x * x;
    }
}

/* Sum of (x - edge)^2 over bins [from, to). */
static double distance(const moments *m, int32_t from, int32_t to, double edge) {
    double n = m->n[to] - m->n[from], x = m->x[to] - m->x[from], xx = m->xx[to] - m->xx[from];
    return fmax(0, xx - 2 * edge * x + n * edge * edge);
}

/* Squared error when bins [from, to) are covered by 255 steps: rounding spreads evenly over a step, so that its
 * variance is step^2 / 12; what lies outside moves to the edge. */
static double squared_error(const mn_histogram *h, const moments *m, int32_t from, int32_t to) {
    double low = (double)h->range.low + from * bin_width(h), high = (double)h->range.low + to * bin_width(h);
    double step = (high - low) / STEPS;
    return (m->n[to] - m->n[from]) * step * step / 12 + distance(m, 0, from, low) + distance(m, to, BINS, high);
}

static mn_interval least_squares(const mn_histogram *h) {
    moments m;
    sum_moments(h, &m);
    const int32_t zero = (int32_t)fmin(fmax(-(double)h->range.low / bin_width(h), 0), BINS);
    int32_t best_from = 0, best_to = BINS;
    double best = squared_error(h, &m, 0, BINS);
    /* Both ends move in steps of an eighth of a final step, that is, one bin; zero stays inside. */
    for (int32_t from = 0; from <= zero; from += from < zero / 2 ? 4 : 8) {
        for (int32_t to = BINS; to > zero; to -= 4) {
            double error = squared_error(h, &m, from, to);
            if (error >= best) continue;
            best = error;
            best_from = from;
            best_to = to;
        }
    }
    double low = (double)h->range.low + best_from * bin_width(h), high = (double)h->range.low + best_to * bin_width(h);
    return (mn_interval){.low = (float)fmin(low, 0), .high = (float)fmax(high, 0)};
}

mn_interval mn_range_choose(mn_range_method method, const mn_histogram *histogram) {
    if (!(histogram->range.high > histogram->range.low)) return histogram->range;
    switch (method) {
    case MN_RANGE_PERCENTILE: return percentile(histogram);
    case MN_RANGE_MSE: return least_squares(histogram);
    case MN_RANGE_MINMAX:
    case MN_RANGE_METHOD_COUNT: break;
    }
    return histogram->range;
}

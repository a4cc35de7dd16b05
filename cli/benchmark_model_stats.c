/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "benchmark_model_stats.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

void bench_stat_add(bench_stat *stat, int64_t value) {
    if (stat->count == 0) stat->first = stat->min = stat->max = value;
    if (value < stat->min) stat->min = value;
    if (value > stat->max) stat->max = value;
    stat->last = value;
    stat->count++;
    stat->sum += value;
    stat->squares += (double)value * (double)value;
}

double bench_stat_mean(const bench_stat *stat) {
    return stat->count == 0 ? 0.0 : (double)stat->sum / (double)stat->count;
}

int64_t bench_stat_deviation(const bench_stat *stat) {
    if (stat->min == stat->max) return 0;
    double mean = bench_stat_mean(stat);
    double variance = stat->squares / (double)stat->count - mean * mean;
    /* Rounding can leave a tiny negative variance when the values hardly differ. */
    return variance > 0.0 ? (int64_t)sqrt(variance) : 0;
}

void bench_stat_print(FILE *stream, const bench_stat *stat) {
    fprintf(stream, "count=%" PRId64, stat->count);
    if (stat->count == 0) return;
    if (stat->min == stat->max) {
        fprintf(stream, " curr=%" PRId64 "%s", stat->last, stat->count > 1 ? "(all same)" : "");
        return;
    }
    fprintf(stream,
            " first=%" PRId64 " curr=%" PRId64 " min=%" PRId64 " max=%" PRId64 " avg=%g std=%" PRId64, //
            stat->first, stat->last, stat->min, stat->max, bench_stat_mean(stat), bench_stat_deviation(stat));
}

bool bench_samples_add(bench_samples *samples, int64_t value) {
    size_t count = (size_t)samples->stat.count;
    if (count == samples->capacity) {
        size_t capacity = count == 0 ? 1024 : count * 2;
        if (capacity > SIZE_MAX / sizeof *samples->values) return false;
        int64_t *values = realloc(samples->values, capacity * sizeof *values);
        if (values == NULL) return false;
        samples->values = values;
        samples->capacity = capacity;
    }
    samples->values[count] = value;
    bench_stat_add(&samples->stat, value);
    return true;
}

static int compare_values(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t bench_samples_percentile(bench_samples *samples, int percent) {
    size_t count = (size_t)samples->stat.count;
    if (count == 0) return 0;
    qsort(samples->values, count, sizeof *samples->values, compare_values);
    return samples->values[count * (size_t)percent / 100];
}

void bench_samples_print(FILE *stream, bench_samples *samples) {
    bench_stat_print(stream, &samples->stat);
    fprintf(stream, " p5=%" PRId64 " median=%" PRId64 " p95=%" PRId64, //
            bench_samples_percentile(samples, 5), bench_samples_percentile(samples, 50),
            bench_samples_percentile(samples, 95));
}

void bench_samples_free(bench_samples *samples) {
    free(samples->values);
    *samples = (bench_samples){0};
}

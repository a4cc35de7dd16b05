/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Running statistics of whole microseconds, written the way TensorFlow Lite's tools write them. */
#ifndef MN_BENCHMARK_MODEL_STATS_H
#define MN_BENCHMARK_MODEL_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** Start with `{0}`; all values are 0 while `count` is 0. */
typedef struct bench_stat {
    int64_t count;
    int64_t first, last, min, max;
    int64_t sum;
    double squares; /* sum of squared values */
} bench_stat;

void bench_stat_add(bench_stat *stat, int64_t value);

/** Mean; 0 without values. */
double bench_stat_mean(const bench_stat *stat);

/** Population standard deviation, cut to a whole number. */
int64_t bench_stat_deviation(const bench_stat *stat);

/** "count=3 first=5 curr=7 min=5 max=7 avg=6 std=0", or the shorter forms when all values are equal. */
void bench_stat_print(FILE *stream, const bench_stat *stat);

/** Statistics that keep every value, for percentiles. Start with `{0}`. */
typedef struct bench_samples {
    bench_stat stat;
    int64_t *values; /* [stat.count] */
    size_t capacity;
} bench_samples;

/** False when out of memory; nothing is added then. */
bool bench_samples_add(bench_samples *samples, int64_t value);

/** Value number count * percent / 100 in rising order, `percent` in 0..99; 0 without values. Sorts `values`. */
int64_t bench_samples_percentile(bench_samples *samples, int percent);

/** The statistics followed by " p5=.. median=.. p95=..". */
void bench_samples_print(FILE *stream, bench_samples *samples);

void bench_samples_free(bench_samples *samples);

#endif

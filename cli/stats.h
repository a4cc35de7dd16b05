/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The statistics that classify and evaluate report. */
#ifndef MN_CLI_STATS_H
#define MN_CLI_STATS_H

#include "graph/graph.h"

typedef struct cli_interval {
    double low, high;
} cli_interval;

/** 95 % confidence interval of a proportion, after Wilson (1927). trials > 0. */
cli_interval cli_wilson(int32_t successes, int32_t trials);

/** How often cli_bootstrap() draws. */
enum { CLI_RESAMPLES = 2000 };

/** 95 % interval of the mean of values[count]: the percentile bootstrap (Efron, 1979), that is, the middle 95 % of the
 *  means of CLI_RESAMPLES samples of `count` values, drawn with replacement. The same values give the same interval.
 *  count > 0. */
cli_interval cli_bootstrap(const double *values, int32_t count);

/** McNemar's test (1947), exact: how probable a split at least as uneven as `lost` to `won` is where either was as
 *  likely. 1 where nothing was lost nor won. */
double cli_mcnemar(int32_t lost, int32_t won);

/** Largest |p[i] - q[i]|. */
double cli_largest_difference(const float *p, const float *q, int32_t count);

#endif

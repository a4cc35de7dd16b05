/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The statistics that classify and evaluate report. */
#ifndef MN_CLI_STATS_H
#define MN_CLI_STATS_H

#include "graph/graph.h"

/** 95 % confidence interval of a proportion, after Wilson (1927). trials > 0. */
typedef struct cli_interval {
    double low, high;
} cli_interval;
cli_interval cli_wilson(int32_t successes, int32_t trials);

/** Largest |p[i] - q[i]|. */
double cli_largest_difference(const float *p, const float *q, int32_t count);

#endif

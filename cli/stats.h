/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The statistics that classify and evaluate report. */
#ifndef MN_CLI_STATS_H
#define MN_CLI_STATS_H

#include "graph/graph.h"

/** Real values of `count` stored elements of a tensor with info `info` (float32, or int8/uint8 quantised per tensor).
 */
void cli_dequantise(const mn_tensor *info, const void *data, int32_t count, float *out);

/** values = softmax(values), in double precision. */
void cli_softmax(float *values, int32_t count);

/** Indices of the `k` largest values, best first; of equal values the lower index comes first. k <= count. */
void cli_top_k(const float *values, int32_t count, int32_t k, int32_t *out);

/** 95 % confidence interval of a proportion, after Wilson (1927). trials > 0. */
typedef struct cli_interval {
    double low, high;
} cli_interval;
cli_interval cli_wilson(int32_t successes, int32_t trials);

/** Largest |p[i] - q[i]|. */
double cli_largest_difference(const float *p, const float *q, int32_t count);

#endif

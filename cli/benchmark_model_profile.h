/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Tables of where the time went, laid out as TensorFlow's stats calculator lays them out. */
#ifndef MN_BENCHMARK_MODEL_PROFILE_H
#define MN_BENCHMARK_MODEL_PROFILE_H

#include <stdbool.h>
#include <stdio.h>

#include "benchmark_model_stats.h"
#include "mobilenet.h"

/** One node: a step of the plan, or a phase of the preparation. */
typedef struct bench_node {
    char *type;      /* "CONV_2D"; operators of a fused step are joined with '+', a delegate's have its name */
    char *name;      /* "[tensors that it makes]:index of the last operator", or beyond all operators, of a delegate */
    bench_stat time; /* microseconds, one value per run */
    int64_t memory_kb; /* as the last column but two shows it */
} bench_node;

typedef struct bench_profile {
    int32_t count;
    bench_node *node; /* [count], in the order of execution */
    bench_stat total; /* microseconds of all nodes, one value per run */
} bench_profile;

/** The profile of the preparation: one node. False when out of memory; free it in every case. */
bool bench_profile_init(bench_profile *profile, int64_t microseconds, int64_t memory_kb);

/** An empty profile of the steps of `session`. Errors: MEMORY; free it in every case. */
mn_status bench_profile_steps(bench_profile *profile, const mn_model *model, const mn_session *session);

/** Adds the durations of the last run. */
mn_status bench_profile_record(bench_profile *profile, const mn_session *session);

/** Prints the run order, the ten slowest nodes, the summary by type and the totals. False when out of memory. */
bool bench_profile_print(FILE *stream, const bench_profile *profile, bool csv);

void bench_profile_free(bench_profile *profile);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Runs a graph over samples on several threads, with the same results whatever their number. */
#ifndef MN_QUANT_RUNNER_H
#define MN_QUANT_RUNNER_H

#include "mobilenet.h"
#include "quant/quant.h"

typedef struct mn_runner mn_runner;

/** A model made from `graph` (one input, float or quantised), whose contents must outlive it unchanged, and `jobs`
 * sessions of it that keep every tensor; 0 jobs: one per processor. Tensor indices are the graph's. Errors: MEMORY,
 * LIMIT, THREAD, UNSUPPORTED.
 */
mn_status mn_runner_create(const mn_graph *graph, int32_t jobs, mn_runner **out);

/** The same with sessions made as `options` say, which keep every tensor all the same. Errors: also those of the
 * delegates. */
mn_status mn_runner_create_with(const mn_graph *graph, const mn_session_options *options, int32_t jobs,
                                mn_runner **out);

void mn_runner_close(mn_runner **runner);

int32_t mn_runner_jobs(const mn_runner *runner);

/** Runs one sample on the session of `job`, which becomes *out. Stored inputs are pixels, shifted, where the model's
 * input is about the samples' meaning; otherwise they are quantised. */
mn_status mn_runner_run(mn_runner *runner, int32_t job, const mn_samples *samples, int32_t sample,
                        const mn_session **out);

/** Looks at the tensors of one run. `job` in [0, jobs) tells apart callers that run at the same time. */
typedef void (*mn_runner_look)(void *context, int32_t job, int32_t sample, const mn_session *session);

/** Runs every sample once. After each run `observe` is called at once, while other jobs do the same; then `collect`,
 *  one caller at a time and in the order of the samples. Either may be NULL. What observe does must not depend on the
 *  order (counts, extremes, or results kept by job until collect takes them). */
mn_status mn_runner_each(mn_runner *runner, const mn_samples *samples, mn_runner_look observe, mn_runner_look collect,
                         void *context, const char *what, const mn_quant_progress *progress);

#endif

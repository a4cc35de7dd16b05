/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A fixed team of threads that runs one job at a time. */
#ifndef MN_BASE_THREAD_H
#define MN_BASE_THREAD_H

#include "base/status.h"

#define MN_MAX_THREADS 256

typedef struct mn_team mn_team;

/** What each member runs: member `thread` of `threads`, 0 being the caller. */
typedef void (*mn_team_job)(void *context, int32_t thread, int32_t threads);

/** A team of `threads` members in all (2..MN_MAX_THREADS); the caller of mn_team_run is one of them.
 *  Errors: MEMORY, THREAD. */
mn_status mn_team_create(int32_t threads, mn_team **out);

/** Runs `job` once on every member and returns when all are done. One caller at a time. Allocates nothing. */
void mn_team_run(mn_team *team, mn_team_job job, void *context);

void mn_team_close(mn_team **team);

/** Processors this process may run on, 1..MN_MAX_THREADS. */
int32_t mn_available_processors(void);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A fixed team of threads that shares one job at a time.
 *
 * A job is a number of units. Every member has a share, an equal part of them in order, and takes pieces of it: half of
 * what is left each time, so that the last pieces are small. Who has finished its own share takes from the others'. So
 * a member that comes late, or is slow, or never wakes costs its share of speed and nothing else; and on a quiet
 * machine each thread meets the same part of every tensor again, in its own cache.
 *
 * Between jobs members spin for some tens of microseconds and then sleep. They do not spin, and are not woken, when
 * this process has more threads at work than processors: the threads that have work need those. */
#ifndef MN_BASE_THREAD_H
#define MN_BASE_THREAD_H

#include "base/status.h"

#define MN_MAX_THREADS 256

typedef struct mn_team mn_team;

/** Computes units [begin, end) as member `member`, 0 being the caller of mn_team_share(). */
typedef void (*mn_team_part)(void *context, int32_t member, int32_t begin, int32_t end);

/** Place `thread` of `threads` in a job that is cut by hand. */
typedef void (*mn_team_job)(void *context, int32_t thread, int32_t threads);

/** A team of `threads` members in all (2..MN_MAX_THREADS); the caller of mn_team_share is one of them.
 *  On a system without threads that caller does all of the work. Errors: MEMORY, THREAD. */
mn_status mn_team_create(int32_t threads, mn_team **out);

/** Has `part` compute units 0 to `units` - 1, each once, and returns when all are done. Pieces begin at multiples of
 *  `grain` units (>= 1). Takes those members that are awake, and wakes as many as there are processors free. One caller
 *  at a time. Allocates nothing. */
void mn_team_share(mn_team *team, int32_t units, int32_t grain, mn_team_part part, void *context);

/** For a part that runs as member `index`: a number which that member keeps from piece to piece of a job, -1 before its
 *  first. */
int64_t *mn_team_kept(mn_team *team, int32_t index);

/** Runs `job` once for each place 0 to threads - 1, at the same time as far as the machine allows, and returns when all
 *  are done. Wakes every member: for work that is much longer than a wake-up, or waits for something else than a
 *  processor. Places may be taken one after another by the same thread, so none may wait for another to begin. */
void mn_team_run(mn_team *team, mn_team_job job, void *context);

void mn_team_close(mn_team **team);

/** Counts the calling thread among those at work in this process until mn_work_end(); may be nested. For work that does
 *  not go through a team, or lasts longer than one job. */
void mn_work_begin(void);
void mn_work_end(void);

/** Processors this process may run on, 1..MN_MAX_THREADS. */
int32_t mn_available_processors(void);

#endif

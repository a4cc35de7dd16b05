/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _GNU_SOURCE /* sched_getaffinity */

#include "base/thread.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"

typedef struct member {
    mn_team *team;
    int32_t index;
    pthread_t thread;
} member;

struct mn_team {
    pthread_mutex_t mutex;
    pthread_cond_t start, done;
    uint64_t round;  /* counts jobs; members wait for it to change */
    int32_t running; /* members other than the caller still at work */
    bool closing;
    mn_team_job job;
    void *context;
    int32_t threads;  /* the caller included */
    member members[]; /* [threads - 1], indices from 1 */
};

static void *member_main(void *argument) {
    member *self = argument;
    mn_team *team = self->team;
    uint64_t seen = 0;
    pthread_mutex_lock(&team->mutex);
    for (;;) {
        while (team->round == seen && !team->closing) pthread_cond_wait(&team->start, &team->mutex);
        if (team->closing) break;
        seen = team->round;
        mn_team_job job = team->job;
        void *context = team->context;
        pthread_mutex_unlock(&team->mutex);
        job(context, self->index, team->threads);
        pthread_mutex_lock(&team->mutex);
        if (--team->running == 0) pthread_cond_signal(&team->done);
    }
    pthread_mutex_unlock(&team->mutex);
    return NULL;
}

/* Ends the first `started` members and frees the team. */
static void shut_down(mn_team *team, int32_t started) {
    pthread_mutex_lock(&team->mutex);
    team->closing = true;
    pthread_cond_broadcast(&team->start);
    pthread_mutex_unlock(&team->mutex);
    for (int32_t i = 0; i < started; i++) pthread_join(team->members[i].thread, NULL);
    pthread_cond_destroy(&team->start);
    pthread_cond_destroy(&team->done);
    pthread_mutex_destroy(&team->mutex);
    free(team);
}

mn_status mn_team_create(int32_t threads, mn_team **out) {
    size_t others = (size_t)(threads - 1);
    mn_team *team = calloc(1, sizeof *team + others * sizeof team->members[0]);
    if (!team) return mn_fail_memory("threads");
    team->threads = threads;
    pthread_mutex_init(&team->mutex, NULL);
    pthread_cond_init(&team->start, NULL);
    pthread_cond_init(&team->done, NULL);
    for (int32_t i = 0; i < threads - 1; i++) {
        member *next = &team->members[i];
        *next = (member){.team = team, .index = i + 1};
        int error = pthread_create(&next->thread, NULL, member_main, next);
        if (error) {
            shut_down(team, i);
            return mn_fail(MN_ERROR_THREAD, "thread %d of %d cannot be started: %s; ask for fewer threads", i + 2,
                           threads, strerror(error));
        }
    }
    *out = team;
    return MN_OK;
}

void mn_team_run(mn_team *team, mn_team_job job, void *context) {
    pthread_mutex_lock(&team->mutex);
    team->job = job;
    team->context = context;
    team->running = team->threads - 1;
    team->round++;
    pthread_cond_broadcast(&team->start);
    pthread_mutex_unlock(&team->mutex);
    job(context, 0, team->threads);
    pthread_mutex_lock(&team->mutex);
    while (team->running > 0) pthread_cond_wait(&team->done, &team->mutex);
    pthread_mutex_unlock(&team->mutex);
}

void mn_team_close(mn_team **team) {
    if (*team) shut_down(*team, (*team)->threads - 1);
    *team = NULL;
}

int32_t mn_available_processors(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
#endif
    return count < 1 ? 1 : count > MN_MAX_THREADS ? MN_MAX_THREADS : (int32_t)count;
}

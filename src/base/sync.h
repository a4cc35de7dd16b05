/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Threads, and what they wait for each other with. On a system without threads mutexes do nothing, and
 * whoever would wait for another finds its condition true already. */
#ifndef MN_BASE_SYNC_H
#define MN_BASE_SYNC_H

#include "base/system.h"

/* 0: mn_thread_start() always fails. */
#ifdef MN_THREADS_NONE
#define MN_HAS_THREADS 0
#else
#define MN_HAS_THREADS 1
#endif

#if defined(MN_THREADS_POSIX)

#include <pthread.h>

typedef pthread_mutex_t mn_mutex;
typedef pthread_cond_t mn_condition;
typedef pthread_t mn_thread_id;
#define MN_MUTEX_INITIAL PTHREAD_MUTEX_INITIALIZER
#define MN_CONDITION_INITIAL PTHREAD_COND_INITIALIZER

#elif defined(MN_THREADS_WINDOWS)

/* An SRWLOCK, a CONDITION_VARIABLE and a HANDLE. */
typedef struct mn_mutex {
    void *word;
} mn_mutex;
typedef struct mn_condition {
    void *word;
} mn_condition;
typedef void *mn_thread_id;
#define MN_MUTEX_INITIAL                                                                                               \
    { 0 }
#define MN_CONDITION_INITIAL                                                                                           \
    { 0 }

#else

typedef struct mn_mutex {
    char nothing;
} mn_mutex;
typedef struct mn_condition {
    char nothing;
} mn_condition;
typedef int mn_thread_id;
#define MN_MUTEX_INITIAL                                                                                               \
    { 0 }
#define MN_CONDITION_INITIAL                                                                                           \
    { 0 }

#endif

typedef struct mn_thread {
    mn_thread_id id;
    void (*run)(void *context);
    void *context;
} mn_thread;

/** Or MN_MUTEX_INITIAL, and MN_CONDITION_INITIAL for a condition. */
void mn_mutex_init(mn_mutex *mutex);
void mn_mutex_destroy(mn_mutex *mutex);
void mn_mutex_lock(mn_mutex *mutex);
void mn_mutex_unlock(mn_mutex *mutex);

void mn_condition_init(mn_condition *condition);
void mn_condition_destroy(mn_condition *condition);
/** Unlocks `mutex`, waits, and locks it again; may return without a reason. */
void mn_condition_wait(mn_condition *condition, mn_mutex *mutex);
void mn_condition_signal(mn_condition *condition);
void mn_condition_broadcast(mn_condition *condition);

/** Starts a thread that calls run(context) and ends; `thread` must stay where it is until mn_thread_join(). NULL, or
 * why there is none, in words that last until the next failure. */
const char *mn_thread_start(mn_thread *thread, void (*run)(void *context), void *context);
void mn_thread_join(mn_thread *thread);

#endif

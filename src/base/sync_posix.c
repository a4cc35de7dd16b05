/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _GNU_SOURCE /* sched_getaffinity */

#include "base/sync.h"

#ifdef MN_THREADS_POSIX

#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/thread.h"

void mn_mutex_init(mn_mutex *mutex) { pthread_mutex_init(mutex, NULL); }
void mn_mutex_destroy(mn_mutex *mutex) { pthread_mutex_destroy(mutex); }
void mn_mutex_lock(mn_mutex *mutex) { pthread_mutex_lock(mutex); }
void mn_mutex_unlock(mn_mutex *mutex) { pthread_mutex_unlock(mutex); }

void mn_condition_init(mn_condition *condition) { pthread_cond_init(condition, NULL); }
void mn_condition_destroy(mn_condition *condition) { pthread_cond_destroy(condition); }
void mn_condition_wait(mn_condition *condition, mn_mutex *mutex) { pthread_cond_wait(condition, mutex); }
void mn_condition_signal(mn_condition *condition) { pthread_cond_signal(condition); }
void mn_condition_broadcast(mn_condition *condition) { pthread_cond_broadcast(condition); }

static void *thread_main(void *argument) {
    mn_thread *thread = argument;
    thread->run(thread->context);
    return NULL;
}

const char *mn_thread_start(mn_thread *thread, void (*run)(void *context), void *context) {
    thread->run = run;
    thread->context = context;
    const int error = pthread_create(&thread->id, NULL, thread_main, thread);
    return error ? strerror(error) : NULL;
}

void mn_thread_join(mn_thread *thread) { pthread_join(thread->id, NULL); }

int32_t mn_available_processors(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
#endif
    return count < 1 ? 1 : count > MN_MAX_THREADS ? MN_MAX_THREADS : (int32_t)count;
}

#endif

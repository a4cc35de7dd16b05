/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/sync.h"

#ifdef MN_THREADS_NONE

#include <stddef.h>

#include "base/thread.h"

void mn_mutex_init(mn_mutex *mutex) { (void)mutex; }
void mn_mutex_destroy(mn_mutex *mutex) { (void)mutex; }
void mn_mutex_lock(mn_mutex *mutex) { (void)mutex; }
void mn_mutex_unlock(mn_mutex *mutex) { (void)mutex; }

void mn_condition_init(mn_condition *condition) { (void)condition; }
void mn_condition_destroy(mn_condition *condition) { (void)condition; }
void mn_condition_wait(mn_condition *condition, mn_mutex *mutex) { (void)condition, (void)mutex; }
void mn_condition_signal(mn_condition *condition) { (void)condition; }
void mn_condition_broadcast(mn_condition *condition) { (void)condition; }

const char *mn_thread_start(mn_thread *thread, void (*run)(void *context), void *context) {
    (void)thread, (void)run, (void)context;
    return "this system has no threads";
}

void mn_thread_join(mn_thread *thread) { (void)thread; }

int32_t mn_available_processors(void) { return 1; }

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/sync.h"

#ifdef MN_THREADS_WINDOWS

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include "base/thread.h"

_Static_assert(sizeof(mn_mutex) == sizeof(SRWLOCK), "mn_mutex holds an SRWLOCK");
_Static_assert(sizeof(mn_condition) == sizeof(CONDITION_VARIABLE), "mn_condition holds a CONDITION_VARIABLE");

static SRWLOCK *lock_of(mn_mutex *mutex) { return (SRWLOCK *)mutex; }
static CONDITION_VARIABLE *variable_of(mn_condition *condition) { return (CONDITION_VARIABLE *)condition; }

void mn_mutex_init(mn_mutex *mutex) { InitializeSRWLock(lock_of(mutex)); }
void mn_mutex_destroy(mn_mutex *mutex) { (void)mutex; }
void mn_mutex_lock(mn_mutex *mutex) { AcquireSRWLockExclusive(lock_of(mutex)); }
void mn_mutex_unlock(mn_mutex *mutex) { ReleaseSRWLockExclusive(lock_of(mutex)); }

void mn_condition_init(mn_condition *condition) { InitializeConditionVariable(variable_of(condition)); }
void mn_condition_destroy(mn_condition *condition) { (void)condition; }
void mn_condition_wait(mn_condition *condition, mn_mutex *mutex) {
    SleepConditionVariableSRW(variable_of(condition), lock_of(mutex), INFINITE, 0);
}
void mn_condition_signal(mn_condition *condition) { WakeConditionVariable(variable_of(condition)); }
void mn_condition_broadcast(mn_condition *condition) { WakeAllConditionVariable(variable_of(condition)); }

static DWORD WINAPI thread_main(void *argument) {
    mn_thread *thread = argument;
    thread->run(thread->context);
    return 0;
}

const char *mn_thread_start(mn_thread *thread, void (*run)(void *context), void *context) {
    thread->run = run;
    thread->context = context;
    thread->id = CreateThread(NULL, 0, thread_main, thread, 0, NULL);
    return thread->id ? NULL : "the system refuses";
}

void mn_thread_join(mn_thread *thread) {
    WaitForSingleObject(thread->id, INFINITE);
    CloseHandle(thread->id);
}

/* Those of this process's group, at most 64. */
int32_t mn_available_processors(void) {
    DWORD_PTR ours = 0, all = 0;
    if (!GetProcessAffinityMask(GetCurrentProcess(), &ours, &all)) return 1;
    int32_t count = 0;
    for (; ours != 0; ours &= ours - 1) count++;
    return count < 1 ? 1 : count;
}

#endif

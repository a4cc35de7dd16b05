/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Threads that take turns: one runs until it waits, yields or ends. Words that they wait for are Linux' futexes. */
#include "loader.h"

enum { THREADS = 32 };
enum { CLONE_PARENT_ID = 0x100000, CLONE_FS = 0x80000, CLONE_CLEAR = 0x200000, CLONE_CHILD_ID = 0x1000000 };
enum { CLONE_THREAD = 0x10000 };
enum { FUTEX_WAIT, FUTEX_WAKE, FUTEX_REQUEUE = 3, FUTEX_CMP_REQUEUE, FUTEX_WAIT_BITS = 9, FUTEX_WAKE_BITS };
enum { FUTEX_FLAGS = 128 | 256 }; /* private, and which clock */

thread *current;
static thread threads[THREADS];

static bool saves(void) {
    uint64_t cr4;
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    return cr4 & 1u << 18;
}

uint64_t saved_registers(void) {
    if (!saves()) return 0;
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* Vector registers and tiles, all that the processor has. */
static void save(thread *t) {
    if (saves()) {
        __asm__ volatile("xsave64 %0" : "=m"(t->vectors) : "a"(-1), "d"(-1));
    } else {
        __asm__ volatile("fxsave64 %0" : "=m"(t->vectors));
    }
}

static void restore(const thread *t) {
    if (saves()) {
        __asm__ volatile("xrstor64 %0" ::"m"(t->vectors), "a"(-1), "d"(-1));
    } else {
        __asm__ volatile("fxrstor64 %0" ::"m"(t->vectors));
    }
}

static void load_fs(void) { write_msr(0xc0000100, current->fs); }

void thread_set_fs(uint64_t fs) {
    current->fs = fs;
    load_fs();
}

void threads_begin(uint64_t rip, uint64_t rsp) {
    current = &threads[0];
    current->used = true;
    current->id = 1;
    current->at.rip = rip;
    current->at.rsp = rsp;
}

static thread *next_runnable(void) {
    const size_t at = (size_t)(current - threads);
    for (size_t i = 1; i <= THREADS; i++) {
        thread *t = &threads[(at + i) % THREADS];
        if (t->used && t->waits == NULL) return t;
    }
    return NULL;
}

/* One that waits until a time, when nobody can run before. */
static thread *next_timed(void) {
    for (size_t i = 0; i < THREADS; i++) {
        thread *t = &threads[i];
        if (!t->used || !t->timed) continue;
        t->waits = NULL;
        t->at.rax = (uint64_t)(int64_t)ERROR_TIMEOUT;
        return t;
    }
    give_up("every thread waits for another; they are", THREADS);
}

void thread_switch(void) {
    thread *next = next_runnable();
    if (next == NULL) next = next_timed();
    next->timed = false;
    if (next == current) return;
    save(current);
    current = next;
    restore(current);
    load_fs();
}

int64_t thread_clone(uint64_t flags, uint64_t stack, uint32_t *parent_id, uint32_t *child_id, uint64_t fs) {
    if (!(flags & CLONE_THREAD)) return ERROR_NO_CALL;
    for (size_t i = 0; i < THREADS; i++) {
        thread *t = &threads[i];
        if (t->used) continue;
        t->at = current->at;
        t->at.rax = 0;
        t->at.rsp = stack;
        t->fs = flags & CLONE_FS ? fs : current->fs;
        t->clear = flags & CLONE_CLEAR ? child_id : NULL;
        t->waits = NULL;
        t->timed = false;
        t->id = (int32_t)i + 1;
        t->used = true;
        save(t);
        if (flags & CLONE_PARENT_ID) *parent_id = (uint32_t)t->id;
        if (flags & CLONE_CHILD_ID) *child_id = (uint32_t)t->id;
        return t->id;
    }
    return ERROR_AGAIN;
}

static int64_t wake(const uint32_t *word, uint64_t most) {
    uint64_t count = 0;
    for (size_t i = 0; i < THREADS && count < most; i++) {
        thread *t = &threads[i];
        if (!t->used || t->waits != word) continue;
        t->waits = NULL;
        count++;
    }
    return (int64_t)count;
}

int64_t thread_exit(void) {
    current->used = false;
    if (current->clear != NULL) {
        *current->clear = 0;
        wake(current->clear, THREADS);
    }
    for (size_t i = 0; i < THREADS; i++) {
        if (threads[i].used) return 0;
    }
    end(0);
}

int64_t thread_futex(const uint32_t *word, uint64_t operation, uint32_t value, uint64_t more) {
    switch (operation & ~(uint64_t)FUTEX_FLAGS) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITS:
        if (*word != value) return ERROR_AGAIN;
        current->waits = word;
        current->timed = more != 0;
        return 0;
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITS: return wake(word, value);
    /* Whoever would wait for another word then may as well wake and see for itself. */
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE: return wake(word, value + more);
    default: return ERROR_NO_CALL;
    }
}

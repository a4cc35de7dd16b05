/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _GNU_SOURCE

#include "failing/failing.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

failing_state *failing;

void *mn_failing_malloc(size_t bytes);
void *mn_failing_calloc(size_t count, size_t bytes);
void *mn_failing_realloc(void *block, size_t bytes);
void *mn_failing_aligned_alloc(size_t alignment, size_t bytes);
int mn_failing_posix_memalign(void **out, size_t alignment, size_t bytes);
char *mn_failing_strdup(const char *text);
char *mn_failing_strndup(const char *text, size_t bytes);
char *mn_failing_realpath(const char *path, char *out);
void mn_failing_free(void *block);
void *mn_failing_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset);
FILE *mn_failing_fopen(const char *path, const char *mode);
FILE *mn_failing_fdopen(int file, const char *mode);
DIR *mn_failing_opendir(const char *path);
int mn_failing_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                              void *argument);

static bool fails(int reason) {
    int64_t number = ++failing->asked;
    bool now = failing->fail_at > 0 && (failing->and_later ? number >= failing->fail_at : number == failing->fail_at);
    if (now) {
        failing->failed = true;
        errno = reason;
    }
    return now;
}

/* ---- Blocks that are not freed yet, in a table of open addresses ---- */

enum { SLOTS = 1 << 16 };
static void *blocks[SLOTS];
static int64_t block_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static size_t slot_of(const void *block) {
    return (size_t)((uint64_t)((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15u >> 48);
}

static void *note(void *block) {
    if (block == NULL) return NULL;
    pthread_mutex_lock(&lock);
    size_t i = slot_of(block);
    while (blocks[i] != NULL) i = (i + 1) % SLOTS;
    blocks[i] = block;
    if (++block_count > SLOTS / 2) abort();
    pthread_mutex_unlock(&lock);
    return block;
}

/* Removes `block` and moves those behind it that have lost their way to it. */
static void forget(const void *block) {
    pthread_mutex_lock(&lock);
    size_t i = slot_of(block);
    while (blocks[i] != NULL && blocks[i] != block) i = (i + 1) % SLOTS;
    if (blocks[i] == block && block != NULL) {
        block_count--;
        for (size_t k = (i + 1) % SLOTS; blocks[k] != NULL; k = (k + 1) % SLOTS) {
            size_t home = slot_of(blocks[k]);
            if ((k - home) % SLOTS < (k - i) % SLOTS) continue;
            blocks[i] = blocks[k];
            i = k;
        }
        blocks[i] = NULL;
    }
    pthread_mutex_unlock(&lock);
}

int64_t failing_blocks(void) { return block_count; }

/* ---- The calls ---- */

void *mn_failing_malloc(size_t bytes) { return fails(ENOMEM) ? NULL : note(malloc(bytes)); }

void *mn_failing_calloc(size_t count, size_t bytes) { return fails(ENOMEM) ? NULL : note(calloc(count, bytes)); }

void *mn_failing_realloc(void *block, size_t bytes) {
    if (fails(ENOMEM)) return NULL;
    forget(block);
    void *moved = realloc(block, bytes);
    note(moved != NULL || bytes == 0 ? moved : block);
    return moved;
}

void *mn_failing_aligned_alloc(size_t alignment, size_t bytes) {
    return fails(ENOMEM) ? NULL : note(aligned_alloc(alignment, bytes));
}

int mn_failing_posix_memalign(void **out, size_t alignment, size_t bytes) {
    if (fails(ENOMEM)) return ENOMEM;
    int reason = posix_memalign(out, alignment, bytes);
    if (reason == 0) note(*out);
    return reason;
}

char *mn_failing_strdup(const char *text) { return fails(ENOMEM) ? NULL : note(strdup(text)); }

char *mn_failing_strndup(const char *text, size_t bytes) { return fails(ENOMEM) ? NULL : note(strndup(text, bytes)); }

char *mn_failing_realpath(const char *path, char *out) {
    if (out != NULL) return realpath(path, out);
    return fails(ENOMEM) ? NULL : note(realpath(path, NULL));
}

void mn_failing_free(void *block) {
    forget(block);
    free(block);
}

void *mn_failing_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset) {
    return fails(ENOMEM) ? MAP_FAILED : mmap(at, bytes, protection, flags, file, offset);
}

FILE *mn_failing_fopen(const char *path, const char *mode) { return fails(ENOMEM) ? NULL : fopen(path, mode); }

FILE *mn_failing_fdopen(int file, const char *mode) { return fails(ENOMEM) ? NULL : fdopen(file, mode); }

DIR *mn_failing_opendir(const char *path) { return fails(ENOMEM) ? NULL : opendir(path); }

int mn_failing_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                              void *argument) {
    return fails(EAGAIN) ? EAGAIN : pthread_create(thread, attributes, run, argument);
}

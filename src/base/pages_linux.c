/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _GNU_SOURCE /* MAP_ANONYMOUS, MADV_HUGEPAGE */

#include "base/pages.h"

#include "base/system.h"

#ifdef MN_PAGES_LINUX

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/aligned.h"
#include "base/checked.h"

#define SMALL_PAGE ((size_t)4096)
#define LARGE_PAGE ((size_t)2 << 20)

/* What fills this much of a large page gets one: what a run uses, and others have had out of the caches and tables of
 * pages since, comes back several per cent faster. */
#define WORTH_A_PAGE (LARGE_PAGE / 4)

static bool is_mapped(size_t bytes) { return bytes >= WORTH_A_PAGE; }

/* Whole large pages, the last one too if it is worth it. */
static size_t mapped_bytes(size_t bytes) {
    size_t rest = bytes % LARGE_PAGE;
    return mn_round_up(bytes, rest >= WORTH_A_PAGE ? LARGE_PAGE : SMALL_PAGE);
}

/* `bytes`, a multiple of small pages, that begin at a large page. */
static char *map_aligned(size_t bytes) {
    char *first = mmap(NULL, bytes + LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (first == MAP_FAILED) return NULL;
    const size_t before = mn_round_up((uintptr_t)first, LARGE_PAGE) - (uintptr_t)first;
    if (before > 0) munmap(first, before);
    munmap(first + before + bytes, LARGE_PAGE - before);
    return first + before;
}

static void *map(size_t bytes) {
    if (bytes > SIZE_MAX / 2) return NULL;
    bytes = mapped_bytes(bytes);
    char *memory = map_aligned(bytes);
    if (!memory) return NULL;
    madvise(memory, bytes, MADV_HUGEPAGE); /* only faster: where it is refused, small pages do */
    return memory;
}

void *mn_pages_alloc(size_t bytes) {
    return is_mapped(bytes) ? map(bytes) : mn_aligned_alloc(MN_PAGES_ALIGNMENT, bytes);
}

/* Mapped pages are zero. */
void *mn_pages_alloc_zeroed(size_t bytes) {
    void *memory = mn_pages_alloc(bytes);
    return memory && !is_mapped(bytes) ? memset(memory, 0, bytes) : memory;
}

void mn_pages_free(void *memory, size_t bytes) {
    if (is_mapped(bytes) && memory) {
        munmap(memory, mapped_bytes(bytes));
    } else {
        mn_aligned_free(memory);
    }
}

#endif

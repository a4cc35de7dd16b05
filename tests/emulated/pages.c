/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which pages of the memory are taken: those around the archive are the program's. */
#include "loader.h"

#define COUNT ((MEMORY_END - PAGES_BEGIN) / PAGE)

static bool taken[COUNT];
static size_t first_free; /* none below is free */

static size_t page_of(uint64_t address) { return (address - PAGES_BEGIN) / PAGE; }

static size_t pages_in(uint64_t bytes) { return (bytes + PAGE - 1) / PAGE; }

/* With fewer instructions than memset(). */
static void clear(uint64_t begin, size_t pages) {
    size_t words = pages * (PAGE / 8);
    __asm__ volatile("rep stosq" : "+D"(begin), "+c"(words) : "a"(0) : "memory");
}

void pages_take(uint64_t begin, uint64_t end_of) {
    for (size_t i = page_of(begin); i < page_of(end_of + PAGE - 1); i++) taken[i] = true;
}

uint64_t pages_find(uint64_t bytes) {
    const size_t wanted = pages_in(bytes);
    size_t run = 0;
    while (first_free < COUNT && taken[first_free]) first_free++;
    for (size_t i = first_free; i < COUNT; i++) {
        run = taken[i] ? 0 : run + 1;
        if (run < wanted) continue;
        const uint64_t begin = PAGES_BEGIN + (i + 1 - run) * PAGE;
        pages_take(begin, begin + wanted * PAGE);
        clear(begin, wanted);
        return begin;
    }
    return 0;
}

void pages_give_back(uint64_t begin, uint64_t bytes) {
    const size_t first = page_of(begin);
    for (size_t i = first; i < first + pages_in(bytes) && i < COUNT; i++) taken[i] = false;
    if (first < first_free) first_free = first;
}

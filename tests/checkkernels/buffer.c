/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/aligned.h"
#include "base/checked.h"
#include "checkkernels/check.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define TRAP_BANDS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TRAP_BANDS
#endif
#endif
#ifdef TRAP_BANDS
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

/* Wider than any vector store or prefetching loop may go astray. */
enum { BAND = 256, ALIGNMENT = 64 };

static size_t block_bytes(size_t bytes) { return mn_round_up(bytes, ALIGNMENT) + 2 * BAND + ALIGNMENT; }

static uint8_t band_byte(ptrdiff_t at) { return (uint8_t)(0xa5 ^ (at * 7)); }

static void set_trap(const check_buffer *b, bool on) {
    size_t before = (size_t)(b->data - b->block), after = block_bytes(b->bytes) - before - b->bytes;
    if (on) {
        ASAN_POISON_MEMORY_REGION(b->block, before);
        ASAN_POISON_MEMORY_REGION(b->data + b->bytes, after);
    } else {
        ASAN_UNPOISON_MEMORY_REGION(b->block, before);
        ASAN_UNPOISON_MEMORY_REGION(b->data + b->bytes, after);
    }
}

void check_buffer_open(check_buffer *b, check_rng *r, size_t bytes, size_t alignment) {
    size_t total = block_bytes(bytes);
    b->bytes = bytes;
    b->block = mn_aligned_alloc(ALIGNMENT, total);
    if (b->block == NULL) {
        fprintf(stderr, "checkkernels: out of memory for %zu bytes\n", total);
        exit(1);
    }
    size_t odd = alignment * (2 * (size_t)check_between(r, 0, (int32_t)(ALIGNMENT / alignment / 2)) + 1);
    b->data = b->block + BAND + (alignment < ALIGNMENT && odd < ALIGNMENT ? odd : 0);
    for (uint8_t *at = b->block; at < b->block + total; at++) *at = band_byte(at - b->data);
    check_buffer_poison(b, r);
    set_trap(b, true);
}

void check_buffer_close(check_buffer *b) {
    if (b->block == NULL) return;
    set_trap(b, false);
    mn_aligned_free(b->block);
    *b = (check_buffer){0};
}

void check_buffer_poison(check_buffer *b, check_rng *r) {
    for (size_t i = 0; i < b->bytes; i++) b->data[i] = (uint8_t)check_next(r);
}

bool check_buffer_intact(const check_buffer *b, ptrdiff_t *at) {
    const uint8_t *end = b->block + block_bytes(b->bytes);
    bool intact = true;
    set_trap(b, false);
    for (const uint8_t *p = b->block; p < end && intact; p++) {
        if (p == b->data) p += b->bytes;
        *at = p - b->data;
        intact = *p == band_byte(*at);
    }
    set_trap(b, true);
    return intact;
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/region.h"

#include <stdint.h>
#include <string.h>

#include "base/aligned.h"
#include "base/checked.h"

#define ALIGNMENT 64
#define CHUNK_BYTES ((size_t)64 * 1024)

/* The payload starts ALIGNMENT bytes after the chunk, which is itself aligned. */
struct mn_region_chunk {
    mn_region_chunk *next;
    size_t used, capacity; /* bytes of payload */
};

static char *payload(mn_region_chunk *chunk) { return (char *)chunk + ALIGNMENT; }

static mn_region_chunk *add_chunk(mn_region *region, size_t bytes) {
    size_t capacity = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
    mn_region_chunk *chunk = mn_aligned_alloc(ALIGNMENT, ALIGNMENT + capacity);
    if (!chunk) return NULL;
    chunk->used = 0;
    chunk->capacity = capacity;
    /* A large object gets its own chunk behind the current one, so that the current one is still filled. */
    if (region->chunks && bytes > CHUNK_BYTES) {
        chunk->next = region->chunks->next;
        region->chunks->next = chunk;
    } else {
        chunk->next = region->chunks;
        region->chunks = chunk;
    }
    return chunk;
}

void *mn_region_alloc(mn_region *region, size_t count, size_t bytes) {
    size_t total;
    if (!mn_mul_size(count, bytes, &total) || total > SIZE_MAX / 2) return NULL;
    total = mn_round_up(total ? total : 1, ALIGNMENT);
    mn_region_chunk *chunk = region->chunks;
    if (!chunk || chunk->capacity - chunk->used < total) chunk = add_chunk(region, total);
    if (!chunk) return NULL;
    void *memory = payload(chunk) + chunk->used;
    chunk->used += total;
    return memset(memory, 0, total);
}

char *mn_region_string(mn_region *region, const char *text, size_t length) {
    if (length == SIZE_MAX) return NULL;
    char *copy = mn_region_alloc(region, length + 1, 1);
    if (copy) memcpy(copy, text, length);
    return copy;
}

void mn_region_free(mn_region *region) {
    mn_region_chunk *chunk = region->chunks;
    while (chunk) {
        mn_region_chunk *next = chunk->next;
        mn_aligned_free(chunk);
        chunk = next;
    }
    region->chunks = NULL;
}

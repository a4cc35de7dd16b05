/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

#define ALIGNMENT 64
#define BLOCK_BYTES ((size_t)64 * 1024)

/* The payload starts ALIGNMENT bytes after the block, which is itself aligned. */
struct mn_pool_block {
    mn_pool_block *next;
    size_t used, capacity; /* bytes of payload */
};

static char *payload(mn_pool_block *block) { return (char *)block + ALIGNMENT; }

static mn_pool_block *add_block(mn_pool *pool, size_t bytes) {
    size_t capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    mn_pool_block *block = aligned_alloc(ALIGNMENT, ALIGNMENT + capacity);
    if (!block) return NULL;
    block->used = 0;
    block->capacity = capacity;
    /* A large object gets its own block behind the current one, so that the current one is still filled. */
    if (pool->blocks && bytes > BLOCK_BYTES) {
        block->next = pool->blocks->next;
        pool->blocks->next = block;
    } else {
        block->next = pool->blocks;
        pool->blocks = block;
    }
    return block;
}

void *mn_pool_alloc(mn_pool *pool, size_t count, size_t bytes) {
    size_t total;
    if (!mn_mul_size(count, bytes, &total) || total > SIZE_MAX / 2) return NULL;
    total = mn_round_up(total ? total : 1, ALIGNMENT);
    mn_pool_block *block = pool->blocks;
    if (!block || block->capacity - block->used < total) block = add_block(pool, total);
    if (!block) return NULL;
    void *memory = payload(block) + block->used;
    block->used += total;
    return memset(memory, 0, total);
}

char *mn_pool_string(mn_pool *pool, const char *text, size_t length) {
    if (length == SIZE_MAX) return NULL;
    char *copy = mn_pool_alloc(pool, length + 1, 1);
    if (copy) memcpy(copy, text, length);
    return copy;
}

void mn_pool_free(mn_pool *pool) {
    mn_pool_block *block = pool->blocks;
    while (block) {
        mn_pool_block *next = block->next;
        free(block);
        block = next;
    }
    pool->blocks = NULL;
}

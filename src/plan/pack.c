/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/pack.h"

#include "base/checked.h"
#include "base/pages.h"

#define ALIGNMENT ((size_t)64)

struct mn_pack_block {
    mn_pack_block *next;
    void *memory; /* mn_pages */
    size_t bytes;
};

struct mn_packed {
    mn_packed *next;
    int32_t op_index;
    const mn_kernel *kernel;
    void *data;
};

void mn_pack_cache_init(mn_pack_cache *cache) {
    *cache = (mn_pack_cache){0};
    pthread_mutex_init(&cache->mutex, NULL);
}

void mn_pack_cache_free(mn_pack_cache *cache) {
    for (mn_pack_block *block = cache->blocks; block; block = block->next) mn_pages_free(block->memory, block->bytes);
    mn_pool_free(&cache->pool);
    pthread_mutex_destroy(&cache->mutex);
}

static const mn_packed *find(const mn_pack_cache *cache, int32_t op_index, const mn_kernel *kernel) {
    const mn_packed *entry = cache->first;
    while (entry && (entry->op_index != op_index || entry->kernel != kernel)) entry = entry->next;
    return entry;
}

/* What a request takes of a block. */
static size_t room(const mn_pack_request *request) {
    return request->bytes < SIZE_MAX / 2 ? mn_round_up(request->bytes, ALIGNMENT) : SIZE_MAX;
}

/* Looks the requests up; those that are not there yet have no answer then, and take `*bytes` in all. */
static bool look_up(const mn_pack_cache *cache, mn_pack_request *requests, int32_t count, size_t *bytes) {
    *bytes = 0;
    for (int32_t i = 0; i < count; i++) {
        const mn_packed *entry = find(cache, requests[i].op_index, requests[i].kernel);
        requests[i].packed = entry ? entry->data : NULL;
        if (!entry && !mn_add_size(*bytes, room(&requests[i]), bytes)) return false;
    }
    return true;
}

/* One piece of memory for all that is new: it is faster to get and to use than many. */
static char *add_block(mn_pack_cache *cache, size_t bytes) {
    mn_pack_block *block = mn_pool_alloc(&cache->pool, 1, sizeof *block);
    char *memory = block ? mn_pages_alloc(bytes) : NULL;
    if (!memory) return NULL;
    *block = (mn_pack_block){.next = cache->blocks, .memory = memory, .bytes = bytes};
    cache->blocks = block;
    return memory;
}

static bool pack(mn_pack_cache *cache, mn_pack_request *request, void *data) {
    mn_packed *entry = mn_pool_alloc(&cache->pool, 1, sizeof *entry);
    if (!entry) return false;
    request->kernel->pack(request->params, request->constants, data);
    request->packed = data;
    *entry = (mn_packed){.next = cache->first, .op_index = request->op_index, .kernel = request->kernel, .data = data};
    cache->first = entry;
    return true;
}

static bool answer(mn_pack_cache *cache, mn_pack_request *requests, int32_t count) {
    size_t bytes;
    if (!look_up(cache, requests, count, &bytes)) return false;
    char *next = bytes > 0 ? add_block(cache, bytes) : NULL;
    if (bytes > 0 && !next) return false;
    for (int32_t i = 0; i < count; i++) {
        if (requests[i].packed) continue;
        if (!pack(cache, &requests[i], next)) return false;
        next += room(&requests[i]);
    }
    return true;
}

bool mn_pack_cache_answer(mn_pack_cache *cache, mn_pack_request *requests, int32_t count) {
    pthread_mutex_lock(&cache->mutex);
    bool done = answer(cache, requests, count);
    pthread_mutex_unlock(&cache->mutex);
    return done;
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/pack.h"

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
    mn_pool_free(&cache->pool);
    pthread_mutex_destroy(&cache->mutex);
}

static const mn_packed *find(const mn_pack_cache *cache, int32_t op_index, const mn_kernel *kernel) {
    const mn_packed *entry = cache->first;
    while (entry && (entry->op_index != op_index || entry->kernel != kernel)) entry = entry->next;
    return entry;
}

static const mn_packed *add(mn_pack_cache *cache, int32_t op_index, const mn_kernel *kernel, size_t bytes,
                            const void *params, const void *const *constants) {
    mn_packed *entry = mn_pool_alloc(&cache->pool, 1, sizeof *entry);
    void *data = mn_pool_alloc(&cache->pool, bytes, 1);
    if (!entry || !data) return NULL;
    kernel->pack(params, constants, data);
    *entry = (mn_packed){.next = cache->first, .op_index = op_index, .kernel = kernel, .data = data};
    cache->first = entry;
    return entry;
}

const void *mn_pack_cache_get(mn_pack_cache *cache, int32_t op_index, const mn_kernel *kernel, size_t bytes,
                              const void *params, const void *const *constants) {
    pthread_mutex_lock(&cache->mutex);
    const mn_packed *entry = find(cache, op_index, kernel);
    if (!entry) entry = add(cache, op_index, kernel, bytes, params, constants);
    pthread_mutex_unlock(&cache->mutex);
    return entry ? entry->data : NULL;
}

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
    mn_mutex_init(&cache->mutex);
}

void mn_pack_cache_free(mn_pack_cache *cache) {
    for (mn_pack_block *block = cache->blocks; block; block = block->next) mn_pages_free(block->memory, block->bytes);
    mn_region_free(&cache->region);
    mn_mutex_destroy(&cache->mutex);
}

static mn_packed **slot_of(const mn_pack_cache *cache, int32_t op_index, const mn_kernel *kernel) {
    const size_t key = (size_t)op_index * (size_t)mn_kernel_count + (size_t)(kernel - mn_kernels);
    return &cache->table[key % cache->slots];
}

static const mn_packed *find(const mn_pack_cache *cache, int32_t op_index, const mn_kernel *kernel) {
    const mn_packed *entry = cache->table ? *slot_of(cache, op_index, kernel) : NULL;
    while (entry && (entry->op_index != op_index || entry->kernel != kernel)) entry = entry->next;
    return entry;
}

static void put(mn_pack_cache *cache, mn_packed *entry) {
    mn_packed **slot = slot_of(cache, entry->op_index, entry->kernel);
    entry->next = *slot;
    *slot = entry;
}

/* A table with room for `more` entries. */
static bool grow(mn_pack_cache *cache, size_t more) {
    const size_t slots = 2 * (cache->count + more) + 1;
    mn_packed **old = cache->table, **table = mn_region_alloc(&cache->region, slots, sizeof *table);
    const size_t old_slots = cache->slots;
    if (!table) return false;
    cache->table = table;
    cache->slots = slots;
    for (size_t i = 0; i < old_slots; i++) {
        for (mn_packed *entry = old[i], *next; entry; entry = next) {
            next = entry->next;
            put(cache, entry);
        }
    }
    return true;
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
    mn_pack_block *block = mn_region_alloc(&cache->region, 1, sizeof *block);
    char *memory = block ? mn_pages_alloc(bytes) : NULL;
    if (!memory) return NULL;
    *block = (mn_pack_block){.next = cache->blocks, .memory = memory, .bytes = bytes};
    cache->blocks = block;
    return memory;
}

/* New requests, and the entries they become. */
typedef struct job {
    mn_pack_request *requests;
    const mn_packed *entries;
    int32_t count;
} job;

/* From the last on, as a network's last weights are the most. */
static void pack(void *context, int32_t member, int32_t begin, int32_t end) {
    const job *j = context;
    (void)member;
    for (int32_t i = begin; i < end; i++) {
        const mn_packed *entry = &j->entries[j->count - 1 - i];
        const mn_pack_request *request = &j->requests[j->count - 1 - i];
        if (entry->data) mn_kernel_pack(entry->kernel, request->params, request->constants, entry->data);
    }
}

/* Gives each new request its part of `memory`. */
static void add_entries(mn_pack_cache *cache, mn_pack_request *requests, int32_t count, void *memory,
                        mn_packed *entries) {
    char *at = memory;
    for (int32_t i = 0; i < count; i++) {
        mn_pack_request *request = &requests[i];
        if (request->packed) continue;
        entries[i] = (mn_packed){.op_index = request->op_index, .kernel = request->kernel, .data = at};
        request->packed = at;
        put(cache, &entries[i]);
        cache->count++;
        at += room(request);
    }
}

static bool answer(mn_pack_cache *cache, mn_team *team, mn_pack_request *requests, int32_t count) {
    size_t bytes;
    if (!look_up(cache, requests, count, &bytes)) return false;
    if (bytes == 0) return true;
    mn_packed *entries = mn_region_alloc(&cache->region, (size_t)count, sizeof *entries);
    void *memory = entries && grow(cache, (size_t)count) ? add_block(cache, bytes) : NULL;
    if (!memory) return false;
    add_entries(cache, requests, count, memory, entries);
    job j = {.requests = requests, .entries = entries, .count = count};
    if (team) {
        mn_team_share(team, count, 1, pack, &j);
    } else {
        pack(&j, 0, 0, count);
    }
    return true;
}

bool mn_pack_cache_answer(mn_pack_cache *cache, mn_team *team, mn_pack_request *requests, int32_t count) {
    mn_mutex_lock(&cache->mutex);
    bool done = answer(cache, team, requests, count);
    mn_mutex_unlock(&cache->mutex);
    return done;
}

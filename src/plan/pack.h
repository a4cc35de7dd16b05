/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Weights packed for kernels, made on first need and shared by all sessions of a model. */
#ifndef MN_PLAN_PACK_H
#define MN_PLAN_PACK_H

#include "base/region.h"
#include "base/sync.h"
#include "base/thread.h"
#include "kernels/kernel.h"

typedef struct mn_packed mn_packed;
typedef struct mn_pack_block mn_pack_block;

typedef struct mn_pack_cache {
    mn_mutex mutex;    /* guards everything below */
    mn_region region;  /* the entries and the table */
    mn_packed **table; /* [slots]: lists of entries by operator and kernel; NULL while there are none */
    size_t slots, count;
    mn_pack_block *blocks; /* packed weights */
} mn_pack_cache;

void mn_pack_cache_init(mn_pack_cache *cache);
void mn_pack_cache_free(mn_pack_cache *cache);

/** The weights of operator `op_index` packed for `kernel`. Packing may depend on nothing but the constants and those
 *  parameters that input resizing cannot change. */
typedef struct mn_pack_request {
    int32_t op_index;
    const mn_kernel *kernel;
    size_t bytes;
    const void *params;
    const void *const *constants;
    const void *packed; /* the answer; lives as long as the cache */
} mn_pack_request;

/** Answers all requests, each for another operator, with the help of `team` unless it is NULL; false when out of
 * memory.
 */
bool mn_pack_cache_answer(mn_pack_cache *cache, mn_team *team, mn_pack_request *requests, int32_t count);

#endif

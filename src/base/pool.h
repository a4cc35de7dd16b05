/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Memory that is freed all at once: the graph and the plan keep their small objects here.
 * (The word arena is kept for tensor memory.) */
#ifndef MN_BASE_POOL_H
#define MN_BASE_POOL_H

#include <stddef.h>

typedef struct mn_pool_block mn_pool_block;

/** Start with `mn_pool pool = {0};`. Not thread safe. */
typedef struct mn_pool {
    mn_pool_block *blocks;
} mn_pool;

/** Zeroed memory for `count` objects of `bytes` each, aligned to 64 bytes; NULL when out of memory or when
 *  the product overflows. A count of 0 gives a valid pointer. Lives until mn_pool_free. */
void *mn_pool_alloc(mn_pool *pool, size_t count, size_t bytes);

/** A copy of the first `length` bytes of `text`, terminated; NULL when out of memory. */
char *mn_pool_string(mn_pool *pool, const char *text, size_t length);

void mn_pool_free(mn_pool *pool);

#endif

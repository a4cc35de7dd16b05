/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Memory that is freed all at once: the graph and the plan keep their small objects here.
 * (The word arena is kept for tensor memory.) */
#ifndef MN_BASE_REGION_H
#define MN_BASE_REGION_H

#include <stddef.h>

typedef struct mn_region_chunk mn_region_chunk;

/** Start with `mn_region region = {0};`. Not thread safe. */
typedef struct mn_region {
    mn_region_chunk *chunks;
} mn_region;

/** Zeroed memory for `count` objects of `bytes` each, aligned to 64 bytes; NULL when out of memory or when
 *  the product overflows. A count of 0 gives a valid pointer. Lives until mn_region_free. */
void *mn_region_alloc(mn_region *region, size_t count, size_t bytes);

/** A copy of the first `length` bytes of `text`, terminated; NULL when out of memory. */
char *mn_region_string(mn_region *region, const char *text, size_t length);

void mn_region_free(mn_region *region);

#endif

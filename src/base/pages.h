/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Large memory, in large pages where the system has them: mapping small ones one by one takes several times as long as
 * filling them. */
#ifndef MN_BASE_PAGES_H
#define MN_BASE_PAGES_H

#include <stddef.h>

#define MN_PAGES_ALIGNMENT ((size_t)64)

/** `bytes` of memory that hold anything, aligned to MN_PAGES_ALIGNMENT; NULL when there is not enough. The system
 *  provides it as it is first used. */
void *mn_pages_alloc(size_t bytes);

/** The same, zeroed. */
void *mn_pages_alloc_zeroed(size_t bytes);

/** Has the system provide all of it now, so that the first use is no slower than the next. No page is smaller than
 *  4 KiB. */
static inline void mn_pages_touch(void *memory, size_t bytes) {
    for (size_t at = 0; at < bytes; at += 4096) ((volatile char *)memory)[at] = 0;
}

/** Frees what mn_pages_alloc(bytes) gave, or NULL. */
void mn_pages_free(void *memory, size_t bytes);

#endif

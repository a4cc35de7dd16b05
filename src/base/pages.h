/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Large memory that is ready to use: zeroed, and backed by memory from the start, so that no first use is slower than
 * the next. Where the system has large pages it consists of them: mapping small ones one by one takes several times as
 * long as filling them. */
#ifndef MN_BASE_PAGES_H
#define MN_BASE_PAGES_H

#include <stddef.h>

/** `bytes` of memory, aligned to 64; NULL when there is not enough. */
void *mn_pages_alloc(size_t bytes);

/** Frees what mn_pages_alloc(bytes) gave, or NULL. */
void mn_pages_free(void *memory, size_t bytes);

#endif

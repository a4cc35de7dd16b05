/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Large memory, in large pages where the system has them: mapping small ones one by one takes several times as long as
 * filling them. */
#ifndef MN_BASE_PAGES_H
#define MN_BASE_PAGES_H

#include <stddef.h>

/** `bytes` of zeroed memory, aligned to 64; NULL when there is not enough. The system provides it as it is first used.
 */
void *mn_pages_alloc(size_t bytes);

/** Has the system provide all of it now, so that the first use is no slower than the next. */
void mn_pages_touch(void *memory, size_t bytes);

/** Frees what mn_pages_alloc(bytes) gave, or NULL. */
void mn_pages_free(void *memory, size_t bytes);

#endif

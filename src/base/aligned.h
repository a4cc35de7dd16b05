/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Memory at multiples of more than malloc() promises. */
#ifndef MN_BASE_ALIGNED_H
#define MN_BASE_ALIGNED_H

#include <stddef.h>

/** `bytes` at a multiple of `alignment`, a power of two; uninitialised, NULL when there is not enough. */
void *mn_aligned_alloc(size_t alignment, size_t bytes);

/** Frees what mn_aligned_alloc() gave, or NULL. free() will not do on every system. */
void mn_aligned_free(void *memory);

#endif

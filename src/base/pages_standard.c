/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/pages.h"

#include "base/system.h"

#ifdef MN_PAGES_STANDARD

#include <string.h>

#include "base/aligned.h"

void *mn_pages_alloc(size_t bytes) { return mn_aligned_alloc(MN_PAGES_ALIGNMENT, bytes); }

void *mn_pages_alloc_zeroed(size_t bytes) {
    void *memory = mn_pages_alloc(bytes);
    return memory ? memset(memory, 0, bytes) : NULL;
}

void mn_pages_free(void *memory, size_t bytes) {
    (void)bytes;
    mn_aligned_free(memory);
}

#endif

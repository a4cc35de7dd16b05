/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/aligned.h"

#include "base/system.h"

#ifndef MN_SYSTEM_WINDOWS

#include <stdint.h>
#include <stdlib.h>

#include "base/checked.h"

void *mn_aligned_alloc(size_t alignment, size_t bytes) {
    if (bytes > SIZE_MAX - alignment) return NULL;
    return aligned_alloc(alignment, mn_round_up(bytes ? bytes : 1, alignment)); /* takes whole multiples only */
}

void mn_aligned_free(void *memory) { free(memory); }

#endif

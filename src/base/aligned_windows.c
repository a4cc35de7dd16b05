/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/aligned.h"

#include "base/system.h"

#ifdef MN_SYSTEM_WINDOWS

#include <malloc.h>

void *mn_aligned_alloc(size_t alignment, size_t bytes) { return _aligned_malloc(bytes ? bytes : 1, alignment); }

void mn_aligned_free(void *memory) { _aligned_free(memory); }

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _GNU_SOURCE /* MAP_POPULATE */

#include "base/mapping.h"

#include "base/system.h"

#ifdef MN_MAPPING_POSIX

#include <sys/mman.h>

/* Nearly all of a file is read, so it is mapped at once: each page's first use would cost an interruption. */
#ifdef MAP_POPULATE
#define HOW (MAP_PRIVATE | MAP_POPULATE)
#else
#define HOW MAP_PRIVATE
#endif

const void *mn_mapping_open(const mn_file *file, size_t bytes) {
    void *data = mmap(NULL, bytes, PROT_READ, HOW, (int)file->handle, 0);
    return data == MAP_FAILED ? NULL : data;
}

void mn_mapping_close(const void *data, size_t bytes) { munmap((void *)(uintptr_t)data, bytes); }

#endif

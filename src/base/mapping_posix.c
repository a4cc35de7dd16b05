/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/mapping.h"

#include "base/system.h"

#ifdef MN_MAPPING_POSIX

#include <sys/mman.h>

const void *mn_mapping_open(const mn_file *file, size_t bytes) {
    /* Not MAP_POPULATE: Linux maps the 16 pages around one that is used, and walking through all of them beforehand
     * takes twice as long. */
    void *data = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, (int)file->handle, 0);
    return data == MAP_FAILED ? NULL : data;
}

void mn_mapping_close(const void *data, size_t bytes) { munmap((void *)(uintptr_t)data, bytes); }

#endif

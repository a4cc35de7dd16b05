/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/mapping.h"

#include "base/system.h"

#ifdef MN_MAPPING_NONE

const void *mn_mapping_open(const mn_file *file, size_t bytes) {
    (void)file, (void)bytes;
    return NULL;
}

void mn_mapping_close(const void *data, size_t bytes) { (void)data, (void)bytes; }

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The contents of a file as memory, without reading them. */
#ifndef MN_BASE_MAPPING_H
#define MN_BASE_MAPPING_H

#include "base/file.h"

/** The first `bytes` (> 0) of an open file, for reading; stays when the file is closed. NULL where the system, or this
 *  file, does not allow it: then read the file. */
const void *mn_mapping_open(const mn_file *file, size_t bytes);

/** Ends what mn_mapping_open() began. */
void mn_mapping_close(const void *data, size_t bytes);

#endif

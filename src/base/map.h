/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Read-only files in memory. */
#ifndef MN_BASE_MAP_H
#define MN_BASE_MAP_H

#include "base/status.h"

typedef struct mn_map {
    const void *data; /* page aligned; NULL when nothing is mapped */
    size_t bytes;
} mn_map;

/** Maps the regular file at `path`. Errors: IO (missing, unreadable, empty, or not a regular file). */
mn_status mn_map_open(const char *path, mn_map *out);

void mn_map_close(mn_map *map);

#endif

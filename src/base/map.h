/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Read-only files in memory: mapped, or read. What another process does to a mapped file shows, and cutting it short
 * ends this process with a signal; a file that was read is ours. */
#ifndef MN_BASE_MAP_H
#define MN_BASE_MAP_H

#include "base/status.h"

typedef struct mn_map {
    const void *data; /* aligned for every type; NULL when there is nothing */
    size_t bytes;
    size_t room; /* of the memory (base/pages.h) that it was read into; 0: it is mapped */
} mn_map;

/** Maps the regular file at `path`. Errors: IO (missing, unreadable, empty, or not a regular file). */
mn_status mn_map_open(const char *path, mn_map *out);

/** Reads the file at `path`, which may be a pipe or a device; "-" is standard input. An empty one has 0 bytes.
 *  Errors: IO, LIMIT (more than `most` bytes), MEMORY. */
mn_status mn_map_read(const char *path, size_t most, mn_map *out);

void mn_map_close(mn_map *map);

#endif

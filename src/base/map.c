/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _GNU_SOURCE /* MAP_POPULATE */

#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Nearly all of a file is read, so it is mapped at once: each page's first use would cost an interruption. */
#ifdef MAP_POPULATE
#define HOW (MAP_PRIVATE | MAP_POPULATE)
#else
#define HOW MAP_PRIVATE
#endif

static mn_status map_descriptor(int file, const char *path, mn_map *out) {
    struct stat info;
    if (fstat(file, &info) != 0) return mn_fail(MN_ERROR_IO, "%s: cannot be examined: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode)) return mn_fail(MN_ERROR_IO, "%s: is not a regular file; give the path of a file", path);
    if (info.st_size == 0) return mn_fail(MN_ERROR_IO, "%s: is empty; fetch or write the file again", path);
    if ((uintmax_t)info.st_size > SIZE_MAX) return mn_fail(MN_ERROR_LIMIT, "%s: is too large for this machine", path);
    size_t bytes = (size_t)info.st_size;
    void *data = mmap(NULL, bytes, PROT_READ, HOW, file, 0);
    if (data == MAP_FAILED) return mn_fail(MN_ERROR_IO, "%s: cannot be mapped: %s", path, strerror(errno));
    *out = (mn_map){.data = data, .bytes = bytes};
    return MN_OK;
}

mn_status mn_map_open(const char *path, mn_map *out) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return mn_fail(MN_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    mn_status status = map_descriptor(file, path, out);
    close(file);
    return status;
}

void mn_map_close(mn_map *map) {
    if (map->data) munmap((void *)(uintptr_t)map->data, map->bytes);
    *map = (mn_map){0};
}

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

#include "base/kind.h"
#include "base/pages.h"

/* Nearly all of a file is read, so it is mapped at once: each page's first use would cost an interruption. */
#ifdef MAP_POPULATE
#define HOW (MAP_PRIVATE | MAP_POPULATE)
#else
#define HOW MAP_PRIVATE
#endif

static mn_status map_descriptor(int file, const char *path, mn_map *out) {
    struct stat info;
    if (fstat(file, &info) != 0) return mn_fail(MN_ERROR_IO, "%s: cannot be examined: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode)) return mn_kind_refuse_folder(path);
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

/* ---- Reading ----------------------------------------------------------------------------------------- */

enum { FIRST_ROOM = 1 << 16 };

typedef struct reading {
    uint8_t *data;
    size_t bytes, room;
} reading;

/* Makes room for at least `room` bytes. */
static mn_status grow(reading *r, size_t room) {
    uint8_t *larger = mn_pages_alloc(room);
    if (!larger) return mn_fail_memory("a file");
    if (r->bytes > 0) memcpy(larger, r->data, r->bytes);
    mn_pages_free(r->data, r->room);
    *r = (reading){larger, r->bytes, room};
    return MN_OK;
}

/* Up to the end of the file, whatever its size was said to be: it may grow, and pipes have none. */
static mn_status read_all(int file, const char *path, size_t most, reading *r) {
    struct stat info;
    if (fstat(file, &info) != 0) return mn_fail(MN_ERROR_IO, "%s: cannot be examined: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode)) return mn_kind_refuse_folder(path);
    size_t expected = S_ISREG(info.st_mode) && info.st_size > 0 ? (size_t)info.st_size : 0;
    if (expected > most) expected = most;
    MN_TRY(grow(r, expected > 0 ? expected + 1 : FIRST_ROOM)); /* one more, to see the end */
    for (;;) {
        ssize_t got = read(file, r->data + r->bytes, r->room - r->bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return mn_fail(MN_ERROR_IO, "%s: cannot be read: %s", path, strerror(errno));
        if (got == 0) return MN_OK;
        r->bytes += (size_t)got;
        if (r->bytes > most)
            return mn_fail(MN_ERROR_LIMIT, "%s: is larger than %zu MiB; give a smaller file", path, most >> 20);
        if (r->bytes == r->room) MN_TRY(grow(r, 2 * r->room));
    }
}

mn_status mn_map_read(const char *path, size_t most, mn_map *out) {
    bool standard = strcmp(path, "-") == 0;
    int file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return mn_fail(MN_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    reading r = {0};
    mn_status status = read_all(file, path, most, &r);
    if (!standard) close(file);
    if (status == MN_OK)
        *out = (mn_map){.data = r.data, .bytes = r.bytes, .room = r.room};
    else
        mn_pages_free(r.data, r.room);
    if (status == MN_ERROR_MEMORY) return mn_fail_prefix(status, path);
    return status;
}

void mn_map_close(mn_map *map) {
    if (map->room > 0)
        mn_pages_free((void *)(uintptr_t)map->data, map->room);
    else if (map->data)
        munmap((void *)(uintptr_t)map->data, map->bytes);
    *map = (mn_map){0};
}

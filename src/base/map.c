/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/map.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/kind.h"
#include "base/mapping.h"
#include "base/pages.h"

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
static mn_status read_all(const mn_file *file, const char *path, size_t most, reading *r) {
    const size_t expected = file->bytes > most ? most : (size_t)file->bytes;
    MN_TRY(grow(r, expected > 0 ? expected + 1 : FIRST_ROOM)); /* one more, to see the end */
    for (;;) {
        const ptrdiff_t got = mn_file_read(file, r->data + r->bytes, r->room - r->bytes);
        if (got < 0) return mn_fail(MN_ERROR_IO, "%s: cannot be read: %s", path, strerror(errno));
        if (got == 0) return MN_OK;
        r->bytes += (size_t)got;
        if (r->bytes > most)
            return mn_fail(MN_ERROR_LIMIT, "%s: is larger than %zu MiB; give a smaller file", path, most >> 20);
        if (r->bytes == r->room) MN_TRY(grow(r, 2 * r->room));
    }
}

static mn_status read_file(const mn_file *file, const char *path, size_t most, mn_map *out) {
    if (file->kind == MN_FILE_FOLDER) return mn_kind_refuse_folder(path);
    reading r = {0};
    const mn_status status = read_all(file, path, most, &r);
    if (status == MN_OK)
        *out = (mn_map){.data = r.data, .bytes = r.bytes, .room = r.room};
    else
        mn_pages_free(r.data, r.room);
    return status == MN_ERROR_MEMORY ? mn_fail_prefix(status, path) : status;
}

static mn_status map_file(const mn_file *file, const char *path, mn_map *out) {
    if (file->kind == MN_FILE_OTHER)
        return mn_fail(MN_ERROR_IO, "%s: is not a regular file; give the path of a file", path);
    if (file->bytes > SIZE_MAX / 4) return mn_fail(MN_ERROR_LIMIT, "%s: is too large for this machine", path);
    const size_t bytes = (size_t)file->bytes;
    const void *data = bytes > 0 ? mn_mapping_open(file, bytes) : NULL;
    if (data) {
        *out = (mn_map){.data = data, .bytes = bytes};
        return MN_OK;
    }
    MN_TRY(read_file(file, path, SIZE_MAX / 4, out));
    if (out->bytes > 0) return MN_OK;
    mn_map_close(out);
    return mn_fail(MN_ERROR_IO, "%s: is empty; fetch or write the file again", path);
}

mn_status mn_map_open(const char *path, mn_map *out) {
    mn_file file;
    MN_TRY(mn_file_open(path, &file));
    const mn_status status = map_file(&file, path, out);
    mn_file_close(&file);
    return status;
}

mn_status mn_map_read(const char *path, size_t most, mn_map *out) {
    mn_file file;
    MN_TRY(strcmp(path, "-") == 0 ? mn_file_standard_input(path, &file) : mn_file_open(path, &file));
    const mn_status status = read_file(&file, path, most, out);
    mn_file_close(&file);
    return status;
}

void mn_map_close(mn_map *map) {
    if (map->room > 0)
        mn_pages_free((void *)(uintptr_t)map->data, map->room);
    else if (map->data)
        mn_mapping_close(map->data, map->bytes);
    *map = (mn_map){0};
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "archive/archive.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

#define FIRST_BYTES ((size_t)1 << 20)

mn_status mn_archive_open(const void *data, size_t bytes, const char *name, mn_archive *out) {
    zip_error_t error;
    zip_error_init(&error);
    *out = (mn_archive){.name = name};
    zip_source_t *source = zip_source_buffer_create(data, bytes, 0, &error);
    out->zip = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : NULL;
    if (source && !out->zip) zip_source_free(source);
    zip_error_fini(&error);
    if (out->zip) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "%s: cannot be read as a zip archive; it is damaged or cut short, fetch it again",
                   name);
}

void mn_archive_close(mn_archive *archive) {
    if (archive->zip) zip_discard(archive->zip);
    archive->zip = NULL;
}

bool mn_archive_has(const mn_archive *archive, const char *member) {
    return zip_name_locate(archive->zip, member, 0) >= 0;
}

const char *mn_archive_find(const mn_archive *archive, const char *end) {
    const char *found = NULL;
    size_t length = strlen(end);
    for (zip_int64_t i = 0; i < zip_get_num_entries(archive->zip, 0); i++) {
        const char *name = zip_get_name(archive->zip, (zip_uint64_t)i, 0);
        size_t all = name ? strlen(name) : 0;
        if (all < length || strcmp(name + all - length, end) != 0) continue;
        if (found) return NULL;
        found = name;
    }
    return found;
}

/* Reads to the end into a buffer that doubles as needed. */
static mn_status unpack(const mn_archive *archive, zip_file_t *file, const char *member, size_t limit, uint8_t **data,
                        size_t *bytes) {
    size_t room = FIRST_BYTES, used = 0;
    uint8_t *buffer = malloc(room);
    mn_status status = buffer ? MN_OK : mn_fail_memory("the archive's contents");
    while (status == MN_OK) {
        zip_int64_t got = zip_fread(file, buffer + used, room - used - 1);
        if (got == 0) break;
        if (got < 0) {
            status = mn_fail(MN_ERROR_FORMAT, "%s: %s in it cannot be unpacked; the archive is damaged, fetch it again",
                             archive->name, member);
            break;
        }
        used += (size_t)got;
        if (used > limit) {
            status = mn_fail(MN_ERROR_LIMIT, "%s: %s in it unpacks to more than %zu MiB", archive->name, member,
                             limit >> 20);
        } else if (used == room - 1) {
            room *= 2;
            uint8_t *larger = realloc(buffer, room);
            if (larger) buffer = larger;
            if (!larger) status = mn_fail_memory("the archive's contents");
        }
    }
    if (status != MN_OK) {
        free(buffer);
        return status;
    }
    buffer[used] = 0;
    *data = buffer;
    *bytes = used;
    return MN_OK;
}

mn_status mn_archive_read(const mn_archive *archive, const char *member, size_t limit, uint8_t **data, size_t *bytes) {
    zip_file_t *file = zip_fopen(archive->zip, member, 0);
    if (!file) {
        return mn_fail(MN_ERROR_FORMAT, "%s: has no readable %s in it; it is damaged, or Keras did not save it",
                       archive->name, member);
    }
    mn_status status = unpack(archive, file, member, limit, data, bytes);
    zip_fclose(file);
    return status;
}

size_t mn_archive_stored_bytes(const mn_archive *archive, const char *member) {
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    zip_stat_t stat;
    if (zip_stat(archive->zip, member, 0, &stat) != 0 || (stat.valid & needed) != needed) return 0;
    bool stored = stat.comp_method == ZIP_CM_STORE && stat.size == stat.comp_size && stat.size <= SIZE_MAX / 2;
    return stored ? (size_t)stat.size : 0;
}

mn_status mn_archive_copy(const mn_archive *archive, const char *member, void *to, size_t bytes) {
    zip_file_t *file = mn_archive_stored_bytes(archive, member) == bytes ? zip_fopen(archive->zip, member, 0) : NULL;
    zip_int64_t got = file ? zip_fread(file, to, bytes) : -1;
    /* Only reading to the end compares the checksum. */
    uint8_t more;
    bool good = got >= 0 && (size_t)got == bytes && zip_fread(file, &more, 1) == 0;
    if (file) zip_fclose(file);
    if (good) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "%s: %s in it is missing, packed or damaged; fetch it again", archive->name,
                   member);
}

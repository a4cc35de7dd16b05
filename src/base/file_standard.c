/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/file.h"

#include "base/system.h"

#ifdef MN_FILES_STANDARD

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Whether it is a folder, and how long, is not told. */
mn_status mn_file_open(const char *path, mn_file *out) {
    FILE *stream = fopen(path, "rb");
    if (!stream) return mn_fail(MN_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    *out = (mn_file){.handle = (intptr_t)stream, .kind = MN_FILE_REGULAR};
    return MN_OK;
}

mn_status mn_file_standard_input(const char *name, mn_file *out) {
    (void)name;
    *out = (mn_file){.handle = (intptr_t)stdin, .kind = MN_FILE_OTHER};
    return MN_OK;
}

ptrdiff_t mn_file_read(const mn_file *file, void *to, size_t most) {
    FILE *stream = (FILE *)file->handle;
    const size_t got = fread(to, 1, most, stream);
    return got == 0 && ferror(stream) ? -1 : (ptrdiff_t)got;
}

void mn_file_close(mn_file *file) {
    if (file->handle != (intptr_t)stdin) fclose((FILE *)file->handle);
}

bool mn_file_make_folder(const char *path) {
    (void)path;
    return false;
}

bool mn_file_exists(const char *path) {
    FILE *stream = fopen(path, "rb");
    if (stream) fclose(stream);
    return stream != NULL;
}

#endif

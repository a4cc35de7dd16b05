/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _POSIX_C_SOURCE 200809L /* O_CLOEXEC */
#define _FILE_OFFSET_BITS 64    /* on 32-bit processors: large files, and file systems with large numbers */

#include "base/file.h"

#include "base/system.h"

#ifdef MN_FILES_POSIX

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static mn_status look_at(int descriptor, const char *path, mn_file *out) {
    struct stat info;
    if (fstat(descriptor, &info) != 0) return mn_fail(MN_ERROR_IO, "%s: cannot be examined: %s", path, strerror(errno));
    const bool regular = S_ISREG(info.st_mode);
    *out = (mn_file){.handle = descriptor,
                     .kind = regular                 ? MN_FILE_REGULAR
                             : S_ISDIR(info.st_mode) ? MN_FILE_FOLDER
                                                     : MN_FILE_OTHER,
                     .bytes = regular ? (uint64_t)info.st_size : 0};
    return MN_OK;
}

mn_status mn_file_open(const char *path, mn_file *out) {
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return mn_fail(MN_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    const mn_status status = look_at(descriptor, path, out);
    if (status != MN_OK) close(descriptor);
    return status;
}

mn_status mn_file_standard_input(const char *name, mn_file *out) { return look_at(STDIN_FILENO, name, out); }

ptrdiff_t mn_file_read(const mn_file *file, void *to, size_t most) {
    for (;;) {
        const ssize_t got = read((int)file->handle, to, most);
        if (got >= 0 || errno != EINTR) return got;
    }
}

void mn_file_close(mn_file *file) {
    if (file->handle != STDIN_FILENO) close((int)file->handle);
}

bool mn_file_make_folder(const char *path) { return mkdir(path, 0777) == 0; }

bool mn_file_exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

#endif

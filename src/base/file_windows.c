/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/file.h"

#include "base/system.h"

#ifdef MN_FILES_WINDOWS

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <string.h>
#include <sys/stat.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include "base/wide.h"

enum { STANDARD_INPUT = 0 };

static mn_status look_at(int descriptor, const char *path, mn_file *out) {
    struct _stat64 info;
    if (_fstat64(descriptor, &info) != 0)
        return mn_fail(MN_ERROR_IO, "%s: cannot be examined: %s", path, strerror(errno));
    const bool regular = (info.st_mode & S_IFMT) == S_IFREG;
    *out = (mn_file){.handle = descriptor,
                     .kind = regular ? MN_FILE_REGULAR : MN_FILE_OTHER,
                     .bytes = regular ? (uint64_t)info.st_size : 0};
    return MN_OK;
}

/* Without _O_BINARY line ends would be changed, and the byte 26 would end the file. */
mn_status mn_file_open(const char *path, mn_file *out) {
    wchar_t wide[MN_WIDE_LETTERS];
    struct _stat64 info;
    int descriptor = -1;
    if (mn_widen(path, wide)) {
        if (_wstat64(wide, &info) == 0 && (info.st_mode & S_IFMT) == S_IFDIR) { /* which cannot be opened */
            *out = (mn_file){.handle = -1, .kind = MN_FILE_FOLDER};
            return MN_OK;
        }
        descriptor = _wopen(wide, _O_RDONLY | _O_BINARY | _O_NOINHERIT);
    }
    if (descriptor < 0) return mn_fail(MN_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    const mn_status status = look_at(descriptor, path, out);
    if (status != MN_OK) _close(descriptor);
    return status;
}

mn_status mn_file_standard_input(const char *name, mn_file *out) {
    _setmode(STANDARD_INPUT, _O_BINARY);
    return look_at(STANDARD_INPUT, name, out);
}

ptrdiff_t mn_file_read(const mn_file *file, void *to, size_t most) {
    const size_t limit = (size_t)1 << 30; /* _read() counts in int */
    return _read((int)file->handle, to, (unsigned)(most < limit ? most : limit));
}

void mn_file_close(mn_file *file) {
    if (file->handle > STANDARD_INPUT) _close((int)file->handle);
}

bool mn_file_make_folder(const char *path) {
    wchar_t wide[MN_WIDE_LETTERS];
    return mn_widen(path, wide) && _wmkdir(wide) == 0;
}

bool mn_file_exists(const char *path) {
    wchar_t wide[MN_WIDE_LETTERS];
    struct _stat64 info;
    return mn_widen(path, wide) && _wstat64(wide, &info) == 0;
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/system.h"
#include "host/files.h"

#ifdef MN_SYSTEM_WINDOWS

#include <ctype.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include "base/wide.h"

mn_found mn_files_look(const char *path) {
    wchar_t wide[MN_WIDE_LETTERS];
    struct _stat64 info;
    if (!mn_widen(path, wide) || _wstat64(wide, &info) != 0) return MN_FOUND_NOTHING;
    const unsigned kind = info.st_mode & S_IFMT;
    return kind == S_IFREG ? MN_FOUND_FILE : kind == S_IFDIR ? MN_FOUND_FOLDER : MN_FOUND_OTHER;
}

bool mn_files_readable(const char *path) {
    wchar_t wide[MN_WIDE_LETTERS];
    enum { READ = 4 };
    return mn_widen(path, wide) && _waccess(wide, READ) == 0;
}

FILE *mn_files_open(const char *path, const char *mode) {
    wchar_t wide[MN_WIDE_LETTERS], how[8] = {0};
    for (size_t i = 0; mode[i] && i + 1 < sizeof how / sizeof how[0]; i++) how[i] = (wchar_t)mode[i];
    return mn_widen(path, wide) ? _wfopen(wide, how) : NULL;
}

bool mn_files_remove(const char *path) {
    wchar_t wide[MN_WIDE_LETTERS];
    return mn_widen(path, wide) && _wunlink(wide) == 0;
}

bool mn_files_remove_folder(const char *path) {
    wchar_t wide[MN_WIDE_LETTERS];
    return mn_widen(path, wide) && _wrmdir(wide) == 0;
}

bool mn_files_absolute(const char *path) {
    return path[0] == '/' || path[0] == '\\' || (isalpha((unsigned char)path[0]) && path[1] == ':');
}

struct mn_folder {
    HANDLE search;
    WIN32_FIND_DATAW entry;
    bool waits;              /* `entry` is not told yet */
    char name[4 * MAX_PATH]; /* of an entry, in UTF-8 */
};

/* What FindFirstFileW() says of a folder that is not there, as POSIX says it. */
static int reason_of(DWORD error) {
    switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND: return ENOENT;
    case ERROR_ACCESS_DENIED: return EACCES;
    case ERROR_DIRECTORY: return ENOTDIR;
    default: return EIO;
    }
}

mn_folder *mn_folder_open(const char *path) {
    wchar_t wide[MN_WIDE_LETTERS];
    if (!mn_widen(path, wide)) return NULL;
    const size_t length = wcslen(wide);
    if (length + 3 > MN_WIDE_LETTERS) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    if (mn_files_look(path) == MN_FOUND_FILE) {
        errno = ENOTDIR;
        return NULL;
    }
    memcpy(wide + length, L"/*", 3 * sizeof(wchar_t));
    mn_folder *folder = calloc(1, sizeof *folder);
    if (!folder) return NULL;
    folder->search = FindFirstFileW(wide, &folder->entry);
    folder->waits = folder->search != INVALID_HANDLE_VALUE;
    if (folder->waits) return folder;
    const DWORD error = GetLastError();
    free(folder);
    errno = reason_of(error);
    return NULL;
}

const char *mn_folder_next(mn_folder *folder) {
    while (folder->waits || FindNextFileW(folder->search, &folder->entry)) {
        const wchar_t *name = folder->entry.cFileName;
        folder->waits = false;
        if (wcscmp(name, L".") == 0 || wcscmp(name, L"..") == 0) continue;
        if (WideCharToMultiByte(CP_UTF8, 0, name, -1, folder->name, sizeof folder->name, NULL, NULL) > 0) {
            return folder->name;
        }
    }
    return NULL;
}

void mn_folder_close(mn_folder *folder) {
    FindClose(folder->search);
    free(folder);
}

#endif

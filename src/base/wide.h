/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Paths for Windows, which takes them in UTF-16 only. For files *_windows.c, behind <windows.h>. */
#ifndef MN_BASE_WIDE_H
#define MN_BASE_WIDE_H

#include <errno.h>
#include <stdbool.h>
#include <wchar.h>

enum { MN_WIDE_LETTERS = 4096 };

/** False, with errno set, for what is not UTF-8, or too long. */
static inline bool mn_widen(const char *path, wchar_t wide[MN_WIDE_LETTERS]) {
    if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, MN_WIDE_LETTERS) > 0) return true;
    errno = EINVAL;
    return false;
}

#endif

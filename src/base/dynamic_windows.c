/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/dynamic.h"

#include "base/system.h"

#ifdef MN_DYNAMIC_WINDOWS

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include "base/wide.h"

mn_status mn_dynamic_open(const char *path, void **out) {
    wchar_t wide[MN_WIDE_LETTERS];
    *out = NULL;
    if (mn_widen(path, wide)) *out = (void *)LoadLibraryW(wide);
    if (*out) return MN_OK;
    return mn_fail(MN_ERROR_IO, "%s: cannot be loaded: Windows' error %lu", path, (unsigned long)GetLastError());
}

mn_dynamic_function *mn_dynamic_find(void *library, const char *name) {
    return (mn_dynamic_function *)(void (*)(void))GetProcAddress((HMODULE)library, name);
}

bool mn_dynamic_file(mn_dynamic_function *function, char *path, size_t bytes) {
    wchar_t wide[MN_WIDE_LETTERS];
    HMODULE module = NULL;
    const DWORD how = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    if (!GetModuleHandleExW(how, (LPCWSTR)(uintptr_t)function, &module)) return false;
    const DWORD letters = GetModuleFileNameW(module, wide, MN_WIDE_LETTERS);
    if (letters == 0 || letters >= MN_WIDE_LETTERS) return false;
    return WideCharToMultiByte(CP_UTF8, 0, wide, -1, path, (int)bytes, NULL, NULL) > 0;
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/mapping.h"

#include "base/system.h"

#ifdef MN_MAPPING_WINDOWS

#include <io.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

const void *mn_mapping_open(const mn_file *file, size_t bytes) {
    HANDLE whole = (HANDLE)_get_osfhandle((int)file->handle);
    HANDLE mapping = CreateFileMappingW(whole, NULL, PAGE_READONLY, 0, 0, NULL);
    if (!mapping) return NULL;
    const void *data = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, bytes);
    CloseHandle(mapping); /* the view keeps it */
    return data;
}

void mn_mapping_close(const void *data, size_t bytes) {
    (void)bytes;
    UnmapViewOfFile(data);
}

#endif

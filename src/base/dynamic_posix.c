/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _GNU_SOURCE /* dladdr() */

#include "base/dynamic.h"

#include "base/system.h"

#ifdef MN_DYNAMIC_POSIX

#include <dlfcn.h>
#include <string.h>

mn_status mn_dynamic_open(const char *path, void **out) {
    *out = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (*out) return MN_OK;
    const char *why = dlerror();
    if (!why) why = "no reason is given";
    const size_t length = strlen(path); /* most reasons begin with the name */
    const bool named = strncmp(why, path, length) == 0 && strncmp(why + length, ": ", 2) == 0;
    if (named) why += length + 2;
    if (strchr(path, '/')) return mn_fail(MN_ERROR_IO, "%s: cannot be loaded: %s", path, why);
    return mn_fail(MN_ERROR_IO,
                   "%s: cannot be loaded: %s; a name without a folder is looked up among the system's libraries: write "
                   "./%s for a file in this folder",
                   path, why, path);
}

/* POSIX has dlsym() give functions as pointers to data, which C does not convert. */
mn_dynamic_function *mn_dynamic_find(void *library, const char *name) {
    mn_dynamic_function *function;
    void *const found = dlsym(library, name);
    _Static_assert(sizeof function == sizeof found, "POSIX promises it");
    memcpy(&function, &found, sizeof function);
    return function;
}

bool mn_dynamic_file(mn_dynamic_function *function, char *path, size_t bytes) {
    Dl_info info;
    const void *address;
    memcpy(&address, &function, sizeof address);
    if (dladdr(address, &info) == 0 || !info.dli_fname || strlen(info.dli_fname) >= bytes) return false;
    strcpy(path, info.dli_fname);
    return true;
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/dynamic.h"

#include "base/system.h"

#ifdef MN_DYNAMIC_NONE

mn_status mn_dynamic_open(const char *path, void **out) {
    *out = NULL;
    return mn_fail(MN_ERROR_UNSUPPORTED, "%s: cannot be loaded: this system has no shared libraries", path);
}

mn_dynamic_function *mn_dynamic_find(void *library, const char *name) {
    (void)library, (void)name;
    return NULL;
}

bool mn_dynamic_file(mn_dynamic_function *function, char *path, size_t bytes) {
    (void)function, (void)path, (void)bytes;
    return false;
}

#endif

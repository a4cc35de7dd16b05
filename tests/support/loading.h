/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Programs that cannot load shared libraries. */
#ifndef TESTS_LOADING_H
#define TESTS_LOADING_H

#include <stdbool.h>
#include <string.h>

#include "mobilenet.h"

/* Has loading ended with `status` because static programs and some systems load nothing? */
static inline bool loads_nothing(mn_status status) {
    if (status == MN_OK) return false;
    return status == MN_ERROR_UNSUPPORTED || strstr(mn_error_detail(), "Dynamic loading not supported");
}

#endif

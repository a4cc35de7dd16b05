/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Making sentences; status.c keeps them. */

#include <stdarg.h>
#include <stdio.h>

#include "base/status.h"

mn_status mn_fail(mn_status status, const char *format, ...) {
    char sentence[MN_DETAIL_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return mn_error_set(status, sentence);
}

mn_status mn_fail_memory(const char *what) {
    return mn_fail(MN_ERROR_MEMORY, "out of memory for %s; close other programs or use a smaller model or image", what);
}

mn_status mn_fail_prefix(mn_status status, const char *prefix) {
    return mn_fail(status, "%s: %s", prefix, mn_error_detail());
}

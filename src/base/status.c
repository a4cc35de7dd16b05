/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DETAIL_BYTES 512

static _Thread_local char detail[DETAIL_BYTES];

const char *mn_status_text(mn_status status) {
    switch (status) {
#define MN_STATUS_CASE(name, code, text)                                                                               \
    case name: return text;
        MN_STATUS_LIST(MN_STATUS_CASE)
#undef MN_STATUS_CASE
    }
    return "unknown status";
}

const char *mn_error_detail(void) { return detail; }

mn_status mn_fail(mn_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    return status;
}

mn_status mn_fail_memory(const char *what) {
    return mn_fail(MN_ERROR_MEMORY, "out of memory for %s; close other programs or use a smaller model or image", what);
}

mn_status mn_fail_prefix(mn_status status, const char *prefix) {
    char sentence[DETAIL_BYTES];
    memcpy(sentence, detail, sizeof sentence);
    return mn_fail(status, "%s: %s", prefix, sentence);
}

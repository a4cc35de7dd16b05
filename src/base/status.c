/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define __USE_MINGW_ANSI_STDIO 1 /* Windows' own vsnprintf knows no %zu */

#include "base/status.h"

#include <string.h>

static _Thread_local char detail[MN_DETAIL_BYTES];

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

mn_status mn_error_set(mn_status status, const char *sentence) {
    size_t bytes = sentence ? strlen(sentence) : 0;
    if (bytes >= sizeof detail) bytes = sizeof detail - 1;
    if (bytes > 0) memmove(detail, sentence, bytes); /* which may be `detail` itself */
    detail[bytes] = '\0';
    return status;
}

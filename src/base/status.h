/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Failing with a sentence: `return mn_fail(MN_ERROR_FORMAT, "%s: ...", path);` */
#ifndef MN_BASE_STATUS_H
#define MN_BASE_STATUS_H

#include "mobilenet.h"

#if defined(__MINGW32__)
#define MN_PRINTF(text, first)                                                                                         \
    __attribute__((format(gnu_printf, text, first))) /* its own printf family, not Windows' */
#elif defined(__GNUC__)
#define MN_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define MN_PRINTF(text, first)
#endif

/** Room for one sentence, its end included. */
#define MN_DETAIL_BYTES 512

/** Stores the sentence for mn_error_detail() on this thread (cut at 511 bytes) and returns `status`. */
mn_status mn_fail(mn_status status, const char *format, ...) MN_PRINTF(2, 3);

/** The common failure: out of memory while making `what`. */
mn_status mn_fail_memory(const char *what);

/** Puts "`prefix`: " before the sentence stored last; returns `status`. */
mn_status mn_fail_prefix(mn_status status, const char *prefix);

/** Returns from the enclosing function when `expression` is not MN_OK. */
#define MN_TRY(expression)                                                                                             \
    do {                                                                                                               \
        mn_status mn_try_ = (expression);                                                                              \
        if (mn_try_ != MN_OK) return mn_try_;                                                                          \
    } while (0)

#endif

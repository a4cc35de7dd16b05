/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Options of external delegates: "key:value;key:value". */
#ifndef MN_DELEGATE_OPTIONS_H
#define MN_DELEGATE_OPTIONS_H

#include "base/region.h"
#include "base/status.h"

/** As many as TensorFlow Lite passes on. */
#define MN_MAX_DELEGATE_OPTIONS 256

typedef struct mn_delegate_options {
    const char **keys, **values; /* [count] */
    size_t count;
} mn_delegate_options;

/** Splits `text` (NULL: none) at ';' and then at ':', as TensorFlow Lite's tools do. They drop in silence what is then
 * no pair, so that a mistyped option has no effect; here it is an error. Errors: ARGUMENT, MEMORY. */
mn_status mn_delegate_options_parse(const char *text, mn_region *region, mn_delegate_options *out);

/** The number of the last option called `key`; -1 where there is none. */
int32_t mn_delegate_options_find(const mn_delegate_options *options, const char *key);

#endif

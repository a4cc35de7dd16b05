/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Options of the delegate, as programs give them: pairs of texts. */
#ifndef MN_PLUGIN_SETTINGS_H
#define MN_PLUGIN_SETTINGS_H

#include "base/status.h"

typedef struct mn_settings {
    int32_t threads; /* 1..256 or MN_THREADS_ALL; 0: as many as the interpreter recommends */
    const char *cpu; /* highest tier of kernels, static storage; NULL: $MOBILENET_CPU, else all */
    bool verbose;    /* say what is claimed, and why the rest is not */
} mn_settings;

/** Reads num_threads, cpu and verbose; what is not given is zero. Errors: ARGUMENT, with a sentence for the user. */
mn_status mn_settings_read(const char *const *keys, const char *const *values, size_t count, mn_settings *out);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plugin/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "kernels/tier.h"

static mn_status read_threads(const char *value, mn_settings *out) {
    char *end;
    const long number = strtol(value, &end, 10);
    if (end == value || *end != '\0' || number < MN_THREADS_ALL || number == 0 || number > MN_MAX_THREADS) {
        return mn_fail(MN_ERROR_ARGUMENT, "option num_threads is '%.40s'; use 1 to %d, or -1 for all processors", value,
                       MN_MAX_THREADS);
    }
    out->threads = (int32_t)number;
    return MN_OK;
}

static mn_status read_cpu(const char *value, mn_settings *out) {
    mn_tier tier;
    const mn_status status = mn_tier_parse(value, mn_cpu_family(), mn_cpu_flags(), &tier);
    if (status != MN_OK) return mn_fail_prefix(status, "option cpu");
    out->cpu = mn_tier_get(tier)->name;
    return MN_OK;
}

static mn_status read_verbose(const char *value, mn_settings *out) {
    out->verbose = strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
    if (out->verbose || strcmp(value, "0") == 0 || strcmp(value, "false") == 0) return MN_OK;
    return mn_fail(MN_ERROR_ARGUMENT, "option verbose is '%.40s'; use 1 or 0", value);
}

static mn_status read_option(const char *key, const char *value, mn_settings *out) {
    if (strcmp(key, "num_threads") == 0) return read_threads(value, out);
    if (strcmp(key, "cpu") == 0) return read_cpu(value, out);
    if (strcmp(key, "verbose") == 0) return read_verbose(value, out);
    return mn_fail(MN_ERROR_ARGUMENT, "option '%.40s' is not known; there are num_threads, cpu and verbose", key);
}

mn_status mn_settings_read(const char *const *keys, const char *const *values, size_t count, mn_settings *out) {
    *out = (mn_settings){0};
    for (size_t i = 0; i < count; i++) {
        if (!keys || !values || !keys[i] || !values[i]) {
            return mn_fail(MN_ERROR_ARGUMENT, "option %zu has no name or no value", i);
        }
        MN_TRY(read_option(keys[i], values[i], out));
    }
    return MN_OK;
}

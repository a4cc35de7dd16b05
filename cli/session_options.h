/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The options of every command that runs a model. */
#ifndef MN_CLI_SESSION_OPTIONS_H
#define MN_CLI_SESSION_OPTIONS_H

#include "base/thread.h"
#include "common/options.h"

typedef struct cli_session_options {
    int32_t threads;
    const char *cpu;
} cli_session_options;

/* clang-format off */

/** Option table entries for the cli_session_options `member` of the settings struct `type`. */
#define CLI_SESSION_OPTIONS(type, member)                                                                              \
    {.name = "threads", .kind = CLI_INT, .offset = offsetof(type, member.threads), .value = "N",                       \
     .low = 0, .high = MN_MAX_THREADS, .help = "threads of one inference; 0 for one per processor [1]"},               \
    {.name = "cpu", .kind = CLI_TEXT, .offset = offsetof(type, member.cpu), .value = "TIER",                           \
     .help = "fastest kernels allowed: ref, portable, or one that this processor has, as 'mobilenet --version' lists " \
             "[$MOBILENET_CPU, else all]"}

/* clang-format on */

#define CLI_SESSION_DEFAULTS                                                                                           \
    { .threads = 1 }

/** The library's options for these. */
static inline mn_session_options cli_session_resolve(const cli_session_options *options) {
    mn_session_options out = MN_INIT(mn_session_options);
    out.threads = options->threads == 0 ? MN_THREADS_ALL : options->threads;
    out.cpu = options->cpu;
    return out;
}

#endif

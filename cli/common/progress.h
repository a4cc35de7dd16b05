/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A progress bar on stderr, drawn only when stderr is a terminal; or, for programs that run the command, lines of the
 * form "progress: STAGE DONE/TOTAL" where the environment has MOBILENET_PROGRESS=lines. */
#ifndef MN_CLI_PROGRESS_H
#define MN_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct cli_progress {
    bool shown;        /* stderr is a terminal, or lines are wanted */
    bool lines;        /* one for each step, instead of a bar */
    const char *stage; /* what is being done, in a word or two */
    int32_t total;
    uint64_t started_ns, drawn_ns;
} cli_progress;

/** `stage`, which stands before the bar, must outlive it. */
void cli_progress_begin(cli_progress *progress, const char *stage, int32_t total);

/** Draws the bar with `done` of the total, at most ten times a second, and the rate when it means something. One thread
 * at a time. */
void cli_progress_update(cli_progress *progress, int32_t done);

/** Removes the bar. */
void cli_progress_end(cli_progress *progress);

#endif

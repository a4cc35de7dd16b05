/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _POSIX_C_SOURCE 200809L

#include "common/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

/* Before, the rate would be that of what was done at once. */
#define RATE_SECONDS 1.0

void cli_progress_begin(cli_progress *progress, const char *stage, int32_t total) {
    *progress = (cli_progress){
        .shown = isatty(STDERR_FILENO) == 1, .stage = stage, .total = total, .started_ns = mn_clock_ns()};
}

void cli_progress_update(cli_progress *progress, int32_t done) {
    static const char full[] = "##############################";
    const int width = (int)sizeof full - 1;
    uint64_t now = mn_clock_ns();
    if (!progress->shown || done <= 0 || now - progress->drawn_ns < 100000000U) return;
    progress->drawn_ns = now;
    int filled = (int)((int64_t)width * done / progress->total);
    double seconds = (double)(now - progress->started_ns) * 1e-9;
    fprintf(stderr, "\r\033[K%s [%.*s%*s] %d/%d", progress->stage, filled, full, width - filled, "", done,
            progress->total);
    if (seconds >= RATE_SECONDS) {
        double rate = (double)done / seconds;
        fprintf(stderr, "  %.1f/s  %.0f s left", rate, (progress->total - done) / rate);
    }
    fflush(stderr);
}

void cli_progress_end(cli_progress *progress) {
    if (progress->shown && progress->drawn_ns != 0) fputs("\r\033[K", stderr);
    progress->shown = false;
}

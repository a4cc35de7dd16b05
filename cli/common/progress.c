/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _POSIX_C_SOURCE 200809L

#include "common/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

void cli_progress_begin(cli_progress *progress, int32_t total) {
    *progress = (cli_progress){.shown = isatty(STDERR_FILENO) == 1, .total = total, .started_ns = mn_clock_ns()};
}

void cli_progress_update(cli_progress *progress, int32_t done) {
    static const char full[] = "##############################";
    const int width = (int)sizeof full - 1;
    uint64_t now = mn_clock_ns();
    if (!progress->shown || done <= 0 || now - progress->drawn_ns < 100000000U) return;
    progress->drawn_ns = now;
    int filled = (int)((int64_t)width * done / progress->total);
    double seconds = (double)(now - progress->started_ns) * 1e-9;
    double rate = (double)done / (seconds > 0 ? seconds : 1e-9);
    fprintf(stderr, "\r\033[K[%.*s%*s] %d/%d  %.1f images/s  %.0f s left", filled, full, width - filled, "", done,
            progress->total, rate, (progress->total - done) / rate);
    fflush(stderr);
}

void cli_progress_end(cli_progress *progress) {
    if (progress->shown && progress->drawn_ns != 0) fputs("\r\033[K", stderr);
    progress->shown = false;
}

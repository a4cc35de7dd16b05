/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "common/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "host/process.h"

/* Before, the rate would be that of what was done at once. */
#define RATE_SECONDS 1.0

void cli_progress_begin(cli_progress *progress, const char *stage, int32_t total) {
    const char *form = getenv("MOBILENET_PROGRESS");
    bool lines = form != NULL && strcmp(form, "lines") == 0;
    *progress = (cli_progress){.shown = lines || mn_process_terminal(),
                               .lines = lines,
                               .stage = stage,
                               .total = total,
                               .started_ns = mn_clock_ns()};
}

void cli_progress_update(cli_progress *progress, int32_t done) {
    static const char full[] = "##############################";
    const int width = (int)sizeof full - 1;
    uint64_t now = mn_clock_ns();
    if (!progress->shown || done <= 0) return;
    /* Programs are told the end, too. */
    bool last = progress->lines && done == progress->total;
    if (!last && now - progress->drawn_ns < 100000000U) return;
    progress->drawn_ns = now;
    if (progress->lines) {
        fprintf(stderr, "progress: %s %d/%d\n", progress->stage, done, progress->total);
        return;
    }
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
    if (progress->shown && !progress->lines && progress->drawn_ns != 0) fputs("\r\033[K", stderr);
    progress->shown = false;
}

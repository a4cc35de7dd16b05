/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How long a model would take with more cores than there are. */
#ifndef MN_ROOFLINE_SCALING_H
#define MN_ROOFLINE_SCALING_H

#include "common/json.h"
#include "steps.h"

/** Nanoseconds by which two threads take longer for two equal parts than one thread for one of them, while both have
 *  a processor; takes about `milliseconds`. 0 when there is no second processor. Errors: MEMORY, THREAD. */
mn_status handover_measure(int32_t milliseconds, double *ns);

/** What a prediction needs beside a report that was made with one thread. */
typedef struct scaling {
    double handover_ns;
    int32_t *pieces; /* owned: of each step, as sessions with 1, 2, 4 ... 64 threads cut it */
} scaling;

/** Asks sessions with kernels of at most tier `cpu` (NULL: the best). Errors: MEMORY, THREAD, those of sessions. */
mn_status scaling_make(const model_report *report, const char *cpu, double handover_ns, scaling *out);
void scaling_free(scaling *s);

/** Predictions for 1 to 64 threads. */
void print_scaling(const model_report *report, const scaling *s);
void json_scaling(cli_json *json, const model_report *report, const scaling *s);

#endif

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

/** Predictions for 1 to 64 threads from the steps of a report that was made with one thread. */
void print_scaling(const model_report *report, double handover_ns);
void json_scaling(cli_json *json, const model_report *report, double handover_ns);

#endif

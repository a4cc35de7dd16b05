/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What each step of a session has to do at least, and how long it takes. */
#ifndef MN_ROOFLINE_STEPS_H
#define MN_ROOFLINE_STEPS_H

#include "bandwidth.h"
#include "mobilenet_inspect.h"
#include "peak.h"

/** What one core can do, and how many work together. */
typedef struct machine {
    double peak[PEAK_TYPE_COUNT]; /* multiply-accumulates per ns of the best loop */
    bandwidth memory;
    int32_t threads;
} machine;

typedef struct step_report {
    mn_step_info info;
    peak_type type;
    int64_t macs;
    size_t in_bytes, out_bytes; /* tensors that other steps write or read; what stays inside the step is not counted */
    size_t weight_bytes;        /* constants */
    double mac_ns, memory_ns;   /* at the machine's peak; the greater is the bound */
    double ns;                  /* median of the measured runs */
} step_report;

typedef struct model_report {
    const char *path;
    mn_model *model; /* owned, as are the session and the steps */
    mn_session *session;
    int32_t step_count;
    step_report *steps;
    int32_t runs;
    double ns;          /* median of whole runs without a clock between the steps */
    size_t reuse_bytes; /* what a run goes through before it meets the same weight again */
} model_report;

/** The least time of a step on the machine that was measured, and of all steps together. */
double step_bound(const step_report *step);
double model_bound(const model_report *report);

/** Opens the model at `path`, runs it for about `milliseconds` with kernels of at most tier `cpu` (NULL: the best)
 *  and compares each step with `m`. Errors: those of the library. */
mn_status model_report_make(const char *path, const machine *m, const char *cpu, int32_t milliseconds,
                            model_report *out);

void model_report_free(model_report *report);

#endif

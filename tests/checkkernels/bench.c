/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "checkkernels/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* A sample is as many calls as fill SAMPLE_NS; the least of the samples is what the kernel can do, the median what it
 * usually does. */
enum { SAMPLES = 11, SAMPLE_NS = 2000000 };

typedef struct timing {
    double least, median; /* ns per call */
} timing;

/* Time of this thread alone, where the system tells it: other work on the machine does not count. */
static double now_ns(void) {
#ifdef CLOCK_THREAD_CPUTIME_ID
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
#else
    return (double)mn_clock_ns();
#endif
}

static int by_value(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double time_calls(const mn_kernel *kernel, const mn_task *task, int32_t units, int32_t calls) {
    double start = now_ns();
    for (int32_t i = 0; i < calls; i++) kernel->run(task, 0, units);
    return (now_ns() - start) / calls;
}

static timing time_task(const mn_kernel *kernel, const mn_task *task, int32_t units) {
    double sample[SAMPLES], first = time_calls(kernel, task, units, 1);
    int32_t calls = first > SAMPLE_NS ? 1 : (int32_t)(SAMPLE_NS / (first + 1)) + 1;
    for (int32_t i = 0; i < SAMPLES; i++) sample[i] = time_calls(kernel, task, units, calls);
    qsort(sample, SAMPLES, sizeof sample[0], by_value);
    return (timing){sample[0], sample[SAMPLES / 2]};
}

static bool time_kernel(const mn_kernel *kernel, const check_case *c, check_rng *r, timing *out) {
    check_run run;
    if (!check_run_open(&run, kernel, c, r, 1)) return false;
    check_run_pack(&run, c);
    *out = time_task(kernel, &run.task, run.cut.units);
    check_run_close(&run);
    return true;
}

void check_bench_title(void) {
    printf("\n%-30s %12s %12s %8s %7s  %s\n", "kernel", "ns, least", "median", "MAC/ns", "x ref", "case");
}

void check_bench(const mn_kernel *kernel) {
    for (int32_t index = 0;; index++) {
        /* The same data for every kernel of a family, and the same each time. */
        check_rng r = {.state = (uint64_t)index, .plain = true};
        check_case c = {0};
        timing ours = {0}, ref = {0};
        bool more = check_maker_of(kernel->op).bench(&c, &r, kernel->in, kernel->out, index);
        if (more && time_kernel(kernel, &c, &r, &ours)) {
            ref = ours;
            if (kernel->tier != MN_TIER_REF) time_kernel(check_twin(kernel), &c, &r, &ref);
            printf("%-30s %12.0f %12.0f %8.3f %7.2f  %s\n", kernel->symbol, ours.least, ours.median,
                   (double)c.macs / ours.least, ref.least / ours.least, c.shape);
        }
        check_case_close(&c);
        if (!more) return;
    }
}

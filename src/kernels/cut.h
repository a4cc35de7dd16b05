/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How steps are cut for threads: the one place that asks what computing costs. */
#ifndef MN_KERNELS_CUT_H
#define MN_KERNELS_CUT_H

#include "kernels/kernel.h"

/** What a step has to do, whatever kernel does it. */
typedef struct mn_work {
    int32_t units;   /* as params.h defines them for the family */
    double macs;     /* multiply-accumulates */
    double elements; /* read and written, constants left out */
} mn_work;

/** How `threads` (>= 1) threads share `work` by this kernel, with the workspace that `need` asks for. Says nothing
 * about results, which never depend on it. */
mn_cut mn_kernel_cut(const mn_kernel *kernel, const void *params, const mn_kernel_need *need, const mn_work *work,
                     int32_t threads);

/** One of two steps that follow each other. */
typedef struct mn_cut_side {
    const mn_kernel *kernel;
    const void *params;
    const mn_kernel_need *need;
    const mn_work *work;
    mn_cut *cut; /* as by mn_kernel_cut() */
} mn_cut_side;

/** Cuts both steps into one band of rows for each of `threads` threads, if that is faster: then each thread computes
 *  its band in both without waiting for the others in between, as the second step reads there, of the first one's
 *  `bytes` of results, what that writes there. False: both stay as they are. */
bool mn_kernel_cut_together(const mn_cut_side pair[2], size_t bytes, int32_t threads);

#endif

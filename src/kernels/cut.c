/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/cut.h"

#include "base/checked.h"

/* How many multiply-accumulates take as long as touching one element. Rough on purpose, as the tiers' speeds are: they
 * decide only which steps are worth a hand-over, so that being wrong by a factor of three costs some microseconds of a
 * run. */
enum { MACS_PER_ELEMENT = 16 };

/* A hand-over takes 0.3 to 1 us (bench/threads). */
enum { LEAST_STEP_NS = 2000, LEAST_PIECE_NS = 1000 };

/* Units are single elements in some kernels; threads should not write to the same cache line, nor vectors be cut. */
enum { LINE_UNITS = 64 };

static int32_t grain_of(const mn_kernel *kernel, const mn_work *work, int32_t units) {
    const double cost = work->macs + MACS_PER_ELEMENT * work->elements;
    const double ns = cost / mn_tier_get(kernel->tier)->macs_per_ns;
    if (ns < LEAST_STEP_NS) return units;
    const int32_t grain = (int32_t)(units * (LEAST_PIECE_NS / ns)) + 1;
    return mn_min_i32(grain < LINE_UNITS / 2 ? grain : (int32_t)mn_round_up((size_t)grain, LINE_UNITS), units);
}

mn_cut mn_kernel_cut(const mn_kernel *kernel, const void *params, const mn_kernel_need *need, const mn_work *work,
                     int32_t threads) {
    mn_cut cut = {.units = work->units, .workspace_bytes = need->workspace_bytes};
    if (kernel->traits->cut != NULL) kernel->traits->cut(params, threads, &cut);
    cut.grain = mn_max_i32(cut.grain, grain_of(kernel, work, cut.units));
    return cut;
}

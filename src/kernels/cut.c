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

static double ns_of(const mn_kernel *kernel, const mn_work *work) {
    return (work->macs + MACS_PER_ELEMENT * work->elements) / mn_tier_get(kernel->tier)->macs_per_ns;
}

static int32_t grain_of(const mn_kernel *kernel, const mn_work *work, int32_t units) {
    const double ns = ns_of(kernel, work);
    if (ns < LEAST_STEP_NS) return units;
    const int32_t grain = (int32_t)(units * (LEAST_PIECE_NS / ns)) + 1;
    return mn_min_i32(grain < LINE_UNITS / 2 ? grain : (int32_t)mn_round_up((size_t)grain, LINE_UNITS), units);
}

/* Equal pieces, of which every share has several or is one. */
static int32_t even_grain(int32_t grain, int32_t units, int32_t threads) {
    if (grain >= LINE_UNITS / 2 || grain == units) return grain;
    const int32_t share = mn_groups_of(units, threads);
    return mn_groups_of(share, mn_max_i32(share / grain, 1));
}

mn_cut mn_kernel_cut(const mn_kernel *kernel, const void *params, const mn_kernel_need *need, const mn_work *work,
                     int32_t threads) {
    mn_cut cut = {.units = work->units, .workspace_bytes = need->workspace_bytes};
    if (kernel->traits->cut != NULL) kernel->traits->cut(params, threads, &cut);
    cut.grain = even_grain(mn_max_i32(cut.grain, grain_of(kernel, work, cut.units)), cut.units, threads);
    return cut;
}

/* Steps that take longer stay apart: what a hand-over costs matters little there, and pieces smaller than a band more,
 * if a thread is late. */
enum { MOST_TOGETHER_NS = 60000 };

/* What it costs in the end that one thread reads a line that another wrote: also to write it again in the next run. */
enum { HAND_OVER_NS = 1000, LINE_BYTES = 64, LINE_NS = 20 };

/* How long the busiest thread takes. */
static double busiest_ns(const mn_cut_side *side, const mn_cut *cut) {
    return ns_of(side->kernel, side->work) * cut->busiest;
}

bool mn_kernel_cut_together(const mn_cut_side pair[2], size_t bytes, int32_t threads) {
    double apart = HAND_OVER_NS + (double)bytes / LINE_BYTES * LINE_NS / threads, together = 0;
    mn_cut cuts[2];
    for (int32_t i = 0; i < 2; i++) {
        const mn_cut_side *side = &pair[i];
        cuts[i] =
            (mn_cut){.units = side->work->units, .bands = threads, .workspace_bytes = side->need->workspace_bytes};
        if (side->work->units != 1 || side->cut->busiest <= 0) return false;
        side->kernel->traits->cut(side->params, threads, &cuts[i]);
        if (cuts[i].units < threads) return false;
        cuts[i].grain = mn_groups_of(cuts[i].units, threads);
        apart += busiest_ns(side, side->cut);
        together += busiest_ns(side, &cuts[i]);
    }
    if (together > apart || together > MOST_TOGETHER_NS) return false;
    for (int32_t i = 0; i < 2; i++) *pair[i].cut = cuts[i];
    return true;
}

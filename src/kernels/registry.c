/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/kernels.h"

const mn_kernel_traits mn_kernel_plain = {.need = NULL};
const mn_kernel_traits mn_kernel_in_place = {.in_place = true};
const mn_kernel_traits mn_kernel_ringed = {.rings = true};

/* A row of the table, or none where the tier is left out of this build: the linker then leaves its kernels out too,
 * since nothing else names them. */
#define ROW_1(...) {__VA_ARGS__},
#define ROW_0(...)
#define ROW_OF(built, ...) ROW_##built(__VA_ARGS__)
#define ROW(built, ...) ROW_OF(built, __VA_ARGS__)

const mn_kernel mn_kernels[] = {
#define X(symbol, op, in, out, tier, cpu, traits)                                                                      \
    ROW(MN_TIER_BUILT(tier), #symbol, op, in, out, tier, cpu, symbol, &traits)
#include "kernels/kernels.def"
};

const int32_t mn_kernel_count = (int32_t)(sizeof mn_kernels / sizeof mn_kernels[0]);

static bool fits_type(mn_type kernel, mn_type wanted) { return kernel == MN_NONE || kernel == wanted; }

/* Does `kernel` compute this on `target`, and is it of a tier that `limit` allows? */
static bool fits(const mn_kernel *kernel, mn_kernel_op op, mn_type in, mn_type out, const mn_target *target,
                 mn_tier limit) {
    if (kernel->op != op || !fits_type(kernel->in, in) || !fits_type(kernel->out, out)) return false;
    if (!mn_tier_allows(mn_tier_get(limit), mn_tier_get(kernel->tier))) return false;
    return mn_tier_belongs(mn_tier_get(kernel->tier), target->family) && (kernel->cpu & ~target->cpu) == 0;
}

/* Is `a` better: of a higher tier, or listed earlier in the same one? */
static bool is_better(const mn_kernel *a, const mn_kernel *b) { return a->tier != b->tier ? a->tier > b->tier : a < b; }

const mn_kernel *mn_kernel_next(mn_kernel_op op, mn_type in, mn_type out, const mn_target *target, mn_tier limit,
                                const mn_kernel *before) {
    const mn_kernel *best = NULL;
    for (int32_t i = 0; i < mn_kernel_count; i++) {
        const mn_kernel *kernel = &mn_kernels[i];
        if (!fits(kernel, op, in, out, target, limit)) continue;
        if (before != NULL && !is_better(before, kernel)) continue;
        if (best == NULL || is_better(kernel, best)) best = kernel;
    }
    return best;
}

const mn_kernel *mn_kernel_choose(mn_kernel_op op, mn_type in, mn_type out, const mn_target *target, mn_tier limit,
                                  const void *params, mn_kernel_need *need) {
    const mn_kernel *kernel = NULL;
    do {
        kernel = mn_kernel_next(op, in, out, target, limit, kernel);
    } while (kernel != NULL && !mn_kernel_needs(kernel, params, need));
    return kernel;
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/kernels.h"

const mn_kernel_traits mn_kernel_plain = {.need = NULL};
const mn_kernel_traits mn_kernel_ringed = {.rings = true};

const mn_kernel mn_kernels[] = {
#define X(symbol, op, in, out, tier, cpu, traits) {#symbol, op, in, out, tier, cpu, symbol, &traits},
#include "kernels/kernels.def"
};

const int32_t mn_kernel_count = (int32_t)(sizeof mn_kernels / sizeof mn_kernels[0]);

static bool fits_type(mn_type kernel, mn_type wanted) { return kernel == MN_NONE || kernel == wanted; }

static bool runs_on(const mn_kernel *kernel, const mn_target *target) {
    return mn_tier_belongs(mn_tier_get(kernel->tier), target->family) && (kernel->cpu & ~target->cpu) == 0;
}

const mn_kernel *mn_kernel_choose(mn_kernel_op op, mn_type in, mn_type out, const mn_target *target, mn_tier limit,
                                  const void *params, mn_kernel_need *need) {
    const mn_kernel *best = NULL;
    mn_kernel_need best_need = {0};
    for (int32_t i = 0; i < mn_kernel_count; i++) {
        const mn_kernel *kernel = &mn_kernels[i];
        if (kernel->op != op || !fits_type(kernel->in, in) || !fits_type(kernel->out, out)) continue;
        if (!runs_on(kernel, target) || !mn_tier_allows(mn_tier_get(limit), mn_tier_get(kernel->tier))) continue;
        if (best != NULL && kernel->tier <= best->tier) continue;
        mn_kernel_need wants;
        if (!mn_kernel_needs(kernel, params, &wants)) continue;
        best = kernel;
        best_need = wants;
    }
    if (best != NULL) *need = best_need;
    return best;
}

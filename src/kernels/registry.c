/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/kernels.h"

#include "base/cpu.h"

#include <string.h>

const mn_kernel_traits mn_kernel_plain = {.need = NULL};
const mn_kernel_traits mn_kernel_ringed = {.rings = true};

const mn_kernel mn_kernels[] = {
#define X(symbol, op, in, out, tier, cpu, traits) {#symbol, op, in, out, tier, cpu, symbol, &traits},
#include "kernels/kernels.def"
};

const int32_t mn_kernel_count = (int32_t)(sizeof mn_kernels / sizeof mn_kernels[0]);

static const char *const tier_names[MN_TIER_COUNT] = {
    [MN_TIER_REF] = "ref",         [MN_TIER_PORTABLE] = "portable", [MN_TIER_AVX2] = "avx2",
    [MN_TIER_AVXVNNI] = "avxvnni", [MN_TIER_AVX512] = "avx512",     [MN_TIER_AVX512VNNI] = "avx512vnni"};

static bool fits_type(mn_type kernel, mn_type wanted) { return kernel == MN_NONE || kernel == wanted; }

const mn_kernel *mn_kernel_choose(mn_kernel_op op, mn_type in, mn_type out, mn_tier limit, uint32_t cpu,
                                  const void *params, mn_kernel_need *need) {
    const mn_kernel *best = NULL;
    mn_kernel_need best_need = {0};
    for (int32_t i = 0; i < mn_kernel_count; i++) {
        const mn_kernel *kernel = &mn_kernels[i];
        if (kernel->op != op || !fits_type(kernel->in, in) || !fits_type(kernel->out, out)) continue;
        if (kernel->tier > limit || (kernel->cpu & ~cpu) != 0) continue;
        if (kernel->tier == MN_TIER_AVXVNNI && limit != MN_TIER_AVXVNNI) continue;
        if (best != NULL && kernel->tier <= best->tier) continue;
        mn_kernel_need wants;
        if (!mn_kernel_needs(kernel, params, &wants)) continue;
        best = kernel;
        best_need = wants;
    }
    if (best != NULL) *need = best_need;
    return best;
}

bool mn_tier_parse(const char *name, mn_tier *out) {
    for (int i = 0; i < MN_TIER_COUNT; i++) {
        if (strcmp(name, tier_names[i]) == 0) {
            *out = (mn_tier)i;
            return true;
        }
    }
    return false;
}

const char *mn_tier_name(mn_tier tier) { return (unsigned)tier < MN_TIER_COUNT ? tier_names[tier] : "unknown"; }

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/target.h"

const mn_target mn_target_any = {.family = MN_FAMILY_ANY};

mn_target mn_target_of_tier(mn_tier tier) {
    const mn_tier_info *info = mn_tier_get(tier);
    return (mn_target){info->family, info->cpu, info->l1_kb * 1024, info->l2_kb * 1024};
}

/* The best tier that a processor of this family with these flags runs. */
static mn_tier best_tier(mn_family family, uint32_t cpu) {
    mn_tier best = MN_TIER_REF;
    for (int i = 0; i < MN_TIER_COUNT; i++) {
        const mn_tier_info *info = mn_tier_get((mn_tier)i);
        if (mn_tier_belongs(info, family) && (info->cpu & ~cpu) == 0) best = info->rank;
    }
    return best;
}

mn_target mn_target_here(void) {
    const mn_family family = mn_cpu_family();
    const uint32_t cpu = mn_cpu_flags();
    mn_target target = mn_target_of_tier(best_tier(family, cpu));
    const mn_caches caches = mn_cpu_caches();
    target.family = family;
    target.cpu = cpu;
    if (caches.l1_bytes > 0) target.l1_bytes = caches.l1_bytes;
    if (caches.l2_bytes > 0) target.l2_bytes = caches.l2_bytes;
    return target;
}

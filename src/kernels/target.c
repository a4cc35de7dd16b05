/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/target.h"

const mn_target mn_target_any = {.family = MN_FAMILY_ANY};

mn_target mn_target_of_tier(mn_tier tier) {
    const mn_tier_info *info = mn_tier_get(tier);
    return (mn_target){info->family, info->cpu, info->l1_kb * 1024, info->l2_kb * 1024};
}

mn_target mn_target_here(void) {
    const mn_family family = mn_cpu_family();
    const uint32_t cpu = mn_cpu_flags();
    mn_target target = mn_target_of_tier(mn_tier_best(family, cpu));
    const mn_caches caches = mn_cpu_caches();
    target.family = family;
    target.cpu = cpu;
    if (caches.l1_bytes > 0) target.l1_bytes = caches.l1_bytes;
    if (caches.l2_bytes > 0) target.l2_bytes = caches.l2_bytes;
    return target;
}

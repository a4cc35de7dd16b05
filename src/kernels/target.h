/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What kernels are chosen for: a processor, or one type of its cores where they differ. A plan is made for one target,
 * so that threads on other cores run another plan of the same model. */
#ifndef MN_KERNELS_TARGET_H
#define MN_KERNELS_TARGET_H

#include "kernels/tier.h"

typedef struct mn_target {
    mn_family family;
    uint32_t cpu;              /* MN_CPU_* flags that kernels may rely on */
    size_t l1_bytes, l2_bytes; /* data caches of one core */
} mn_target;

/** Any processor at all: kernels in plain C. */
extern const mn_target mn_target_any;

/** The least processor that `tier` is for, with the caches that the table of tiers assumes. */
mn_target mn_target_of_tier(mn_tier tier);

/** The processor that runs this. */
mn_target mn_target_here(void);

#endif

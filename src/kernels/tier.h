/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Tiers: sets of kernels for the same instructions, from tiers.def. */
#ifndef MN_KERNELS_TIER_H
#define MN_KERNELS_TIER_H

#include "base/cpu.h"
#include "mobilenet.h"

/** In the order of tiers.def. */
typedef enum mn_tier {
#define TIER(id, ...) id,
#include "kernels/tiers.def"
    MN_TIER_COUNT
} mn_tier;

/** 1 where this library has the kernels of the tier `id`, 0 where CMake's option MN_TIERS leaves them out by defining
 * <id>_LEFT_OUT as a comma and 0, which then come before the 1. */
#define MN_TIER_BUILT(id) MN_TIER_SECOND(id##_LEFT_OUT, 1, )
#define MN_TIER_SECOND(...) MN_TIER_SECOND_OF(__VA_ARGS__)
#define MN_TIER_SECOND_OF(first, second, ...) second

typedef struct mn_tier_info {
    mn_tier rank;        /* the tier itself: a higher one is preferred */
    const char *name;    /* as in kernels' names and for the user */
    mn_family family;    /* of processors that run it; MN_FAMILY_ANY: all */
    uint32_t cpu;        /* MN_CPU_* flags of the least processor that runs it; single kernels may want more */
    bool automatic;      /* false: used only by those who name it as their limit */
    size_t alignment;    /* in bytes, of packed weights and workspace that its kernels rely on; at most 64 */
    size_t l1_kb, l2_kb; /* data caches of a core to assume where the system does not tell */
    int32_t macs_per_ns; /* rough multiply-accumulates per nanosecond of a thread, right within a factor of three */
    bool built;          /* MN_TIER_BUILT */
} mn_tier_info;

/** `tier` must be one of the enumeration. */
const mn_tier_info *mn_tier_get(mn_tier tier);

/** Whether processors of `family` run `tier`, as far as that depends on the family. */
static inline bool mn_tier_belongs(const mn_tier_info *tier, mn_family family) {
    return tier->family == MN_FAMILY_ANY || tier->family == family;
}

/** Whether a session limited to `limit` may use kernels of `tier`, on the right processor. */
bool mn_tier_allows(const mn_tier_info *limit, const mn_tier_info *tier);

/** Whether a processor of `family` with the MN_CPU_* flags `cpu` runs `tier` of this library. */
static inline bool mn_tier_runs(const mn_tier_info *tier, mn_family family, uint32_t cpu) {
    return tier->built && mn_tier_belongs(tier, family) && (tier->cpu & ~cpu) == 0;
}

/** The highest tier of `family` in this library that is used without being named. */
mn_tier mn_tier_default(mn_family family);

/** The highest tier that a processor of `family` with the MN_CPU_* flags `cpu` runs. */
mn_tier mn_tier_best(mn_family family, uint32_t cpu);

/** Name of tier `i` among those that such a processor runs, lowest first; NULL beyond the last. */
const char *mn_tier_name(mn_family family, uint32_t cpu, int32_t i);

/** Finds `name` among the tiers that such a processor runs. ARGUMENT for any other, with a sentence that lists them. */
mn_status mn_tier_parse(const char *name, mn_family family, uint32_t cpu, mn_tier *out);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/tier.h"

#include "base/status.h"

#include <stdio.h>
#include <string.h>

static const mn_tier_info tiers[] = {
#define TIER(id, name, family, cpu, automatic, alignment, l1_kb, l2_kb, macs_per_ns)                                   \
    [id] = {id, name, family, cpu, automatic, alignment, l1_kb, l2_kb, macs_per_ns, MN_TIER_BUILT(id)},
#include "kernels/tiers.def"
};

const mn_tier_info *mn_tier_get(mn_tier tier) { return &tiers[tier]; }

bool mn_tier_allows(const mn_tier_info *limit, const mn_tier_info *tier) {
    return tier->rank == limit->rank || (tier->rank < limit->rank && tier->automatic);
}

mn_tier mn_tier_default(mn_family family) {
    mn_tier best = MN_TIER_REF;
    for (int i = 0; i < MN_TIER_COUNT; i++) {
        if (tiers[i].automatic && tiers[i].built && mn_tier_belongs(&tiers[i], family)) best = tiers[i].rank;
    }
    return best;
}

mn_tier mn_tier_best(mn_family family, uint32_t cpu) {
    mn_tier best = MN_TIER_REF;
    for (int i = 0; i < MN_TIER_COUNT; i++) {
        if (mn_tier_runs(&tiers[i], family, cpu)) best = tiers[i].rank;
    }
    return best;
}

const char *mn_tier_name(mn_family family, uint32_t cpu, int32_t i) {
    for (int32_t tier = 0; i >= 0 && tier < MN_TIER_COUNT; tier++) {
        if (mn_tier_runs(&tiers[tier], family, cpu) && i-- == 0) return tiers[tier].name;
    }
    return NULL;
}

static void list_names(mn_family family, uint32_t cpu, char *text, size_t size) {
    size_t used = 0;
    const char *name;
    text[0] = '\0';
    for (int32_t i = 0; (name = mn_tier_name(family, cpu, i)) != NULL && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%s", i == 0 ? "" : ", ", name);
    }
}

/* The tier called `name`, of `family` if that has one: families may share a name. NULL: there is none. */
static const mn_tier_info *find(const char *name, mn_family family) {
    const mn_tier_info *found = NULL;
    for (int i = 0; i < MN_TIER_COUNT; i++) {
        if (strcmp(name, tiers[i].name) == 0 && (!found || mn_tier_belongs(&tiers[i], family))) found = &tiers[i];
    }
    return found;
}

mn_status mn_tier_parse(const char *name, mn_family family, uint32_t cpu, mn_tier *out) {
    char names[128];
    const mn_tier_info *found = find(name, family);
    if (found && mn_tier_runs(found, family, cpu)) {
        *out = found->rank;
        return MN_OK;
    }
    list_names(family, cpu, names, sizeof names);
    if (!found) return mn_fail(MN_ERROR_ARGUMENT, "kernel tier \"%s\" is not known; use one of %s", name, names);
    if (!mn_tier_belongs(found, family)) {
        return mn_fail(MN_ERROR_ARGUMENT, "kernel tier \"%s\" is for %s processors; use one of %s", name,
                       mn_family_name(found->family), names);
    }
    if (!found->built) {
        return mn_fail(MN_ERROR_ARGUMENT, "kernel tier \"%s\" was left out of this build; use one of %s", name, names);
    }
    return mn_fail(
        MN_ERROR_ARGUMENT,
        "kernel tier \"%s\" needs instructions that this processor lacks, whose best is \"%s\"; use one of %s", name,
        mn_tier_get(mn_tier_best(family, cpu))->name, names);
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The last but one stage of a plan: weights as its kernels want them. */
#ifndef MN_PLAN_WEIGHTS_H
#define MN_PLAN_WEIGHTS_H

#include "plan/plan.h"

/** Fills packed of each step that has such, from the cache or by packing with the help of `team`, unless it is NULL.
 *  Errors: MEMORY. */
mn_status mn_plan_pack_weights(mn_plan *plan, mn_pack_cache *cache, mn_team *team);

#endif

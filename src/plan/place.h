/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Looking at a plan's memory. */
#ifndef MN_PLAN_PLACE_H
#define MN_PLAN_PLACE_H

#include "plan/plan.h"

/** Where `tensor` lies and from when to when its memory is in use; false when it has no place in the arena. */
bool mn_plan_place(const mn_plan *plan, int32_t tensor, mn_placement *out);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The third stage of a plan: how each step is shared among threads, and in what order what runs. */
#ifndef MN_PLAN_SCHEDULE_H
#define MN_PLAN_SCHEDULE_H

#include "plan/plan.h"

/** Fills cut of each step, and the plan's slices: whole steps, one after another, or rows of them if the plan is to be
 *  streamed. Errors: MEMORY, LIMIT. */
mn_status mn_plan_schedule(mn_plan *plan, const mn_plan_options *options);

#endif

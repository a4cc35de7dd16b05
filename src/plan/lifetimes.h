/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The last stage of a plan: from when to when memory is needed, and a place in the arena for all of it. */
#ifndef MN_PLAN_LIFETIMES_H
#define MN_PLAN_LIFETIMES_H

#include "plan/plan.h"

/** Fills offset, first and last of every tensor, workspace_offset of every step, and arena_bytes. Inputs are written
 *  before the first step, outputs read after the last. Errors: MEMORY, LIMIT. */
mn_status mn_plan_place(mn_plan *plan, const mn_plan_options *options);

#endif

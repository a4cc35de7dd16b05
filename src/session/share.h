/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which steps several threads share, and in pieces of what size. */
#ifndef MN_SESSION_SHARE_H
#define MN_SESSION_SHARE_H

#include "plan/plan.h"

/** Least number of units that a thread should take at once; the step's units when it is too short to share. Says
 *  nothing about results, which never depend on it. */
int32_t mn_share_grain(const mn_plan *plan, const mn_step *step);

#endif

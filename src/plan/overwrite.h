/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which tensors are written over an operand that nobody needs any more. */
#ifndef MN_PLAN_OVERWRITE_H
#define MN_PLAN_OVERWRITE_H

#include "plan/plan.h"

/** Fills over, [tensor_count]: the tensor whose memory each has, itself as a rule. Asks first and last of the plan's
 *  tensors, and their bytes; tensors that are others under another shape (same_as) are left to whoever those are. */
void mn_plan_find_overwrites(const mn_plan *plan, int32_t *over);

#endif

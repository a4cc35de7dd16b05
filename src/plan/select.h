/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The second stage of a plan: which of the ways to go on is taken, by which kernels, with which layouts between them.
 */
#ifndef MN_PLAN_SELECT_H
#define MN_PLAN_SELECT_H

#include "plan/plan.h"

/** Fills the plan's steps, and layout, bytes and same_as of its tensors. Of the candidates at an operator the first is
 *  taken for which there are kernels that fit each other: the best first kernel, then the best behind it that reads the
 * layout it writes. Errors: MEMORY, UNSUPPORTED (no kernel for an operator's types). */
mn_status mn_plan_select(mn_plan *plan, const mn_candidates *candidates, const mn_plan_options *options);

#endif

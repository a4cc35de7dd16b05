/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A plan whose steps run a few rows at a time: from steps of a plan to those that plan/stream.h knows, and back. */
#ifndef MN_PLAN_STREAMED_H
#define MN_PLAN_STREAMED_H

#include "plan/plan.h"
#include "plan/stream.h"

/** What was searched, and found. Its steps are those that are not aliases, its tensors those that own memory. */
struct mn_streamed {
    mn_stream_steps steps;
    mn_stream stream;
    int32_t *step_of;   /* [steps.step_count]: the plan's step */
    int32_t *tensor_of; /* [steps.tensor_count]: the graph's tensor */
    /* Of an arena for all tensors if the rows of inputs are not all there but arrive when they are needed. */
    size_t arriving_bytes;
};

/** Fills the plan's slices and streamed, the rows of its steps, and ring and bytes of tensors that are not whole.
 * Errors: MEMORY, LIMIT. */
mn_status mn_plan_stream(mn_plan *plan);

#endif

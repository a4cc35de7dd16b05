/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a session is inside: a plan, memory for its tensors and threads to run it. */
#ifndef MN_SESSION_SESSION_H
#define MN_SESSION_SESSION_H

#include "base/thread.h"
#include "plan/plan.h"

struct mn_session {
    const mn_graph *graph;
    mn_region region;
    mn_plan plan;
    mn_tensor *tensors; /* [graph->tensor_count] with this session's shapes */
    void **memory;      /* [graph->tensor_count]: contents in the arena; constants point into the model */
    mn_task *tasks;     /* [plan.step_count] */
    mn_part_run *runs;  /* [plan.step_count]: memory of those steps that back ends run */
    const int32_t *ops; /* the model's operators in the order they run; of a step those from first_op's begin on */
    uint64_t *step_ns;  /* [plan.step_count] */
    void *owned_arena;  /* mn_pages, NULL when the caller gave one */
    char *arena;
    mn_team *team; /* NULL: one thread */
    int32_t threads;
    bool keep_tensors, profile;
};

/** As mn_session_create(), and `backends` may take over operators that no delegate of the options takes, earlier ones
 * first; NULL: none. Errors: also those
 * of the back ends. mn_session_run() gives theirs, too, after which the session may be run again. */
mn_status mn_session_create_with(const mn_model *model, const mn_session_options *options,
                                 const mn_backend_list *backends, mn_session **out);

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a session is inside: a plan, memory for its tensors and threads to run it. */
#ifndef MN_SESSION_SESSION_H
#define MN_SESSION_SESSION_H

#include "base/thread.h"
#include "plan/plan.h"

/** What the threads that share a step are told. Nobody writes it between runs, so each has it in its cache. */
typedef struct mn_shared_step {
    const mn_step *step;
    const mn_task *task;
    mn_team *team;
} mn_shared_step;

struct mn_session {
    const mn_graph *graph;
    mn_region region;
    mn_plan plan;
    mn_tensor *tensors;     /* [graph->tensor_count] with this session's shapes */
    void **memory;          /* [graph->tensor_count]: contents in the arena; constants point into the model */
    mn_task *tasks;         /* [plan.step_count] */
    mn_shared_step *shared; /* [plan.step_count] */
    mn_part_run *runs;      /* [plan.step_count]: memory of those steps that back ends run */
    const int32_t *ops;     /* the model's operators in the order they run; of a step those from first_op's begin on */
    uint64_t *step_ns;      /* [plan.step_count] */
    void *owned_arena;      /* mn_pages, NULL when the caller gave one */
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

/** As mn_session_create(), for inputs and outputs that lie in the caller's memory, of their size and aligned to their
 * elements. Where that is must be said before a run, and holds until something else is said; inputs are not written.
 * Not with keep_tensors, streamed or delegates. */
mn_status mn_session_create_outside(const mn_model *model, const mn_session_options *options, mn_session **out);
void mn_session_put_input(mn_session *session, int32_t i, const void *memory);

/** False where the output is a constant, or the same memory as another input or output: read mn_session_output(). */
bool mn_session_put_output(mn_session *session, int32_t i, void *memory);

#endif

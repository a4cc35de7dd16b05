/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From a graph to what runs: a list of steps, each a kernel with its parameters, the order of their slices, and a place
 * in one arena for every tensor. A plan holds no tensor memory; it is read-only once made.
 *
 *   foreign    what back ends take over                             backend/foreign.h
 *   lower      operators to nodes, and what could run as one        lower.h
 *   select     kernels, and the layouts between them                select.h
 *   schedule   units for threads, and the order of slices           schedule.h
 *   lifetimes  who needs which memory when, and a place for it      lifetimes.h
 *   weights    packed once per model                                weights.h */
#ifndef MN_PLAN_PLAN_H
#define MN_PLAN_PLAN_H

#include "backend/foreign.h"
#include "graph/graph.h"
#include "graph/shape.h"
#include "kernels/cut.h"
#include "plan/lower.h"
#include "plan/pack.h"
#include "plan/rows.h"

/** Marks a tensor that has no place in the arena: constants, and tensors nothing reads or writes. */
#define MN_NO_OFFSET SIZE_MAX

typedef struct mn_streamed mn_streamed;

typedef struct mn_step {
    const mn_node *node;     /* what it computes, of what */
    const mn_kernel *kernel; /* NULL: a back end runs it (node->part), or it is an alias */
    mn_kernel_need need;
    mn_cut cut;       /* all zero for an alias */
    bool together;    /* the next step is cut into the same bands, and a thread may go on to it from its own */
    mn_row_form rows; /* of a streamed plan: how it runs row by row */
    const void *packed;
    size_t workspace_offset, workspace_stride; /* in the arena: [threads][workspace_stride], cut.workspace_bytes or
                                                  more; of a back end's part one workspace, for all threads */
} mn_step;

/** A part of a step that runs at one go: units [first, first + units); all of them, or some rows. */
typedef struct mn_slice_of_step {
    int32_t step, first, units;
} mn_slice_of_step;

typedef struct mn_plan_options {
    const mn_shape *inputs; /* [graph->input_count], or NULL for the file's shapes */
    int32_t threads;        /* >= 1: how much workspace to reserve */
    mn_team *team;          /* packs weights; NULL: the caller does */
    bool keep_tensors;      /* no two tensors share memory */
    bool streamed;          /* rows depth first, in the least memory (plan/streamed.h); not with keep_tensors */
    bool outside;           /* inputs and outputs lie in the caller's memory; not with keep_tensors or streamed */
    const mn_backend_list *backends; /* NULL: none */
    mn_target target;                /* what runs the plan */
    mn_tier tier;                    /* highest kernel tier */
} mn_plan_options;

typedef struct mn_plan {
    mn_region region;      /* owns the arrays below and the parameters */
    const mn_graph *graph; /* the model's, or what back ends left of it; the tensors are the model's */
    mn_foreign *foreign;   /* NULL: there are no back ends */
    mn_shape *shapes;      /* [tensor_count] */
    mn_layout *layout;     /* [tensor_count] */
    size_t *offset;        /* [tensor_count]: bytes into the arena, or MN_NO_OFFSET */
    size_t *bytes; /* [tensor_count]: memory it takes, which in other layouts than NHWC may be more than its elements */
    int32_t *first; /* [tensor_count]: steps that use its memory, as in mn_placement; only where it has a place */
    int32_t *last;
    int32_t *same_as; /* [tensor_count]: the tensor whose memory this one is; itself as a rule */
    /* [tensor_count]: the input or output of the graph for which the caller brings the memory that this tensor owns;
     * -1: it has a place in the arena, or is a constant. NULL: the caller brings none. An output is not among them that
     * is constant, or the memory of another input or output. */
    int32_t *outside;
    int32_t step_count;
    mn_step *steps;
    int32_t slice_count;
    mn_slice_of_step *slices; /* in the order of running */
    mn_streamed *streamed;    /* what led to them; NULL: whole steps */
    int32_t *ring;            /* [tensor_count]: rows that its memory holds, row y in place y % ring; 0: all */
    size_t arena_bytes;
    size_t packed_bytes;
} mn_plan;

/** Plans `graph`, which must outlive the plan, as must `cache`, which owns the packed weights.
 *  Errors: MEMORY, FORMAT and LIMIT (the given input shapes do not work), UNSUPPORTED. On failure nothing is kept. */
mn_status mn_plan_create(const mn_graph *graph, mn_pack_cache *cache, const mn_plan_options *options, mn_plan *out);

void mn_plan_free(mn_plan *plan);

/** Does the caller bring the memory that `owner` has? */
static inline bool mn_plan_is_outside(const mn_plan *plan, int32_t owner) {
    return plan->outside && plan->outside[owner] >= 0;
}

/** Is the tensor a constant of the graph? */
static inline bool mn_plan_is_constant(const mn_plan *plan, int32_t tensor) {
    return plan->graph->tensors[tensor].data != NULL;
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From a graph to what runs: a list of steps, each a kernel with its parameters, and a place in one arena for
 * every tensor. A plan holds no tensor memory; it is read-only once made. */
#ifndef MN_PLAN_PLAN_H
#define MN_PLAN_PLAN_H

#include "graph/graph.h"
#include "graph/shape.h"
#include "kernels/kernel.h"
#include "plan/pack.h"

/** Alignment of every tensor in the arena, and of the arena itself, in bytes: a cache line and a zmm register. */
#define MN_ARENA_ALIGNMENT ((size_t)64)

/** Marks a tensor that has no place in the arena: constants, and tensors nothing reads or writes. */
#define MN_NO_OFFSET SIZE_MAX

typedef struct mn_step {
    const mn_kernel *kernel; /* NULL: the output is the input's memory under another shape */
    const void *params;      /* the kernel's mn_<op>_params */
    int32_t units;           /* units of work, as defined beside the params */
    int32_t input_count;     /* tensor indices for mn_task.inputs; -1 gives NULL */
    const int32_t *inputs;
    int32_t output;
    const void *packed;
    mn_kernel_need need;
    size_t workspace_offset; /* in the arena: [threads][workspace_bytes rounded up to MN_ARENA_ALIGNMENT] */
    int32_t first_op, op_count;
} mn_step;

typedef struct mn_plan_options {
    const mn_shape *inputs; /* [graph->input_count], or NULL for the file's shapes */
    int32_t threads;        /* >= 1: how much workspace to reserve */
    mn_team *team;          /* packs weights; NULL: the caller does */
    bool keep_tensors;      /* no two tensors share memory */
    mn_target target;       /* what runs the plan */
    mn_tier tier;           /* highest kernel tier */
} mn_plan_options;

typedef struct mn_plan {
    mn_region region; /* owns the arrays below and the parameters */
    const mn_graph *graph;
    mn_shape *shapes; /* [tensor_count] */
    size_t *offset;   /* [tensor_count]: bytes into the arena, or MN_NO_OFFSET */
    size_t *bytes;    /* [tensor_count]: memory it takes, which may be more than its elements (kernels/panel.h) */
    int32_t *first;   /* [tensor_count]: steps that use its memory, as in mn_placement; only where it has a place */
    int32_t *last;
    int32_t *same_as; /* [tensor_count]: the tensor whose memory this one is; itself as a rule */
    int32_t step_count;
    mn_step *steps;
    size_t arena_bytes;
    size_t packed_bytes;
} mn_plan;

/** Plans `graph`, which must outlive the plan, as must `cache`, which owns the packed weights.
 *  Errors: MEMORY, FORMAT and LIMIT (the given input shapes do not work), UNSUPPORTED. On failure nothing is kept. */
mn_status mn_plan_create(const mn_graph *graph, mn_pack_cache *cache, const mn_plan_options *options, mn_plan *out);

void mn_plan_free(mn_plan *plan);

#endif

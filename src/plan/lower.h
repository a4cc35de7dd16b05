/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The first stage of a plan: from the operators of a graph to nodes, which say what is to be computed and know no
 * kernel. Where several operators can run as one there are several ways to go on; which one is taken depends on the
 * kernels there are (plan/select.h). */
#ifndef MN_PLAN_LOWER_H
#define MN_PLAN_LOWER_H

#include "backend/foreign.h"
#include "graph/graph.h"
#include "graph/shape.h"
#include "kernels/cut.h"

/** What one kernel computes: one or more operators, with their parameters and the tensors they read and write. */
typedef struct mn_node {
    bool is_alias;       /* no kernel: the output is the first input's memory under another shape */
    const mn_part *part; /* no kernel: a back end runs it; NULL: none does */
    mn_kernel_op op;
    mn_type in, out;
    const void *params; /* the family's mn_<op>_params */
    mn_work work;
    int32_t input_count; /* tensors for mn_task.inputs; -1 gives NULL */
    const int32_t *inputs;
    int32_t output_count; /* 1 of kernels and aliases */
    const int32_t *outputs;
    int32_t first_op, op_count;
} mn_node;

/** A way to compute some operators: nodes in order, of which one may hand the next a tensor that nobody else sees, in
 * any layout. */
typedef struct mn_candidate {
    const mn_node *nodes;
    int32_t node_count; /* 0: nothing is left to do at run time */
    int32_t op_count;   /* operators that they stand for, from the one they are listed under on */
    bool is_fused;      /* worth it only with kernels made for it */
} mn_candidate;

/** The ways to begin at one operator, the best first; the last is that operator alone. */
enum { MN_CANDIDATES = 5 };
typedef struct mn_candidates {
    mn_candidate list[MN_CANDIDATES];
    int32_t count;
} mn_candidates;

/** Fills `out`, [graph->op_count]; memory is from `region`. `shapes` are those of all tensors. Operators are joined
 * only if `fuses`. Where `foreign` is not NULL, the graph is its. Errors: MEMORY, UNSUPPORTED. */
mn_status mn_plan_lower(const mn_graph *graph, const mn_foreign *foreign, const mn_shape *shapes, bool fuses,
                        mn_region *region, mn_candidates *out);

/** What the stages of lowering share. */
typedef struct mn_lowering {
    const mn_graph *graph;
    const mn_foreign *foreign; /* NULL: there are no back ends */
    const mn_shape *shapes;
    mn_region *region;
    const int32_t *readers;    /* [tensor_count]: how often each is read */
    const mn_candidate *alone; /* [op_count]: every operator alone */
    mn_candidates *out;
} mn_lowering;

/** What operators [first_op, first_op + op_count) have to do in all, in `units` units. */
mn_work mn_lower_work(const mn_graph *graph, const mn_shape *shapes, int32_t first_op, int32_t op_count, int32_t units);

void mn_lower_add(mn_candidates *to, const mn_candidate *candidate);

/** Adds the ways in which operators from `first` on can run as one (lower_fused.c). Errors: MEMORY. */
mn_status mn_lower_fused(const mn_lowering *l, int32_t first);

#endif

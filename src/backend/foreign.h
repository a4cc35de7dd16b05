/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What back ends have taken over of one session's network, and what is left for the plan. */
#ifndef MN_BACKEND_FOREIGN_H
#define MN_BACKEND_FOREIGN_H

#include "backend/partition.h"

/** The back ends of a session; earlier ones choose first. */
typedef struct mn_backend_list {
    int32_t count;
    const mn_backend *const *of; /* they outlive the session; the list itself need not */
} mn_backend_list;

typedef struct mn_foreign {
    mn_graph graph;     /* for the plan: the operators in the order they run, each part as one CUSTOM operator with its
                           back end's name; numbers in sentences are the model's */
    int32_t *parts;     /* [graph.op_count]: the part that an operator stands for, or -1 */
    int32_t *ops;       /* the model's operators in the order they run, those of a part behind each other */
    int32_t *part_of;   /* [offer.graph->op_count]: the part that the model's operator is in, or -1 */
    int32_t *ops_begin; /* [graph.op_count + 1]: where those of an operator begin */
    mn_offer offer;
    mn_partition partition;
    mn_prepared *prepared; /* [partition.part_count] */
    int32_t prepared_count;
    const mn_backend **backends; /* [backend_count] */
    int32_t backend_count;
    void **sessions; /* [backend_count]: what `claim` made */
    mn_region region;
} mn_foreign;

/** Has back ends claim and prepare operators of what is on `offer`, whose graph and shapes outlive *out; owners and
 * self are filled in here. Errors: UNSUPPORTED (CUSTOM operators that nobody claims), MEMORY, those of the back ends.
 * On failure nothing is kept. */
mn_status mn_foreign_open(const mn_offer *offer, const mn_backend_list *backends, mn_foreign **out);

/** Runs one part. Errors: those of its back end, after the names of model, back end and operators. */
mn_status mn_foreign_run(const mn_foreign *foreign, const mn_part *part, const mn_part_run *run);

/** Workspace that a run of `part` needs, in bytes; what it is called, and the name of who runs it. */
size_t mn_foreign_workspace(const mn_foreign *foreign, const mn_part *part);
const char *mn_foreign_kernel(const mn_foreign *foreign, const mn_part *part);
const char *mn_foreign_name(const mn_foreign *foreign, const mn_part *part);

void mn_foreign_close(mn_foreign **foreign);

/** Asks the back ends of a list for shapes; for mn_custom_shapes, whose context is an mn_shape_question. */
typedef struct mn_shape_question {
    const mn_graph *graph;
    const mn_backend_list *backends;
} mn_shape_question;
mn_status mn_foreign_shape(void *question, int32_t op_index, int32_t output, const mn_shape *shapes, mn_shape *out,
                           bool *known);

#endif

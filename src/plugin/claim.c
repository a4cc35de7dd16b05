/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plugin/claim.h"

#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"
#include "plugin/import.h"

/* Does a plan come out? Reference kernels compute all that others do, and pack nothing. */
static mn_status check_plan(const mn_graph *graph) {
    mn_pack_cache cache;
    mn_plan plan;
    const mn_plan_options options = {.threads = 1, .target = mn_target_here(), .tier = MN_TIER_REF};
    mn_pack_cache_init(&cache);
    const mn_status status = mn_plan_create(graph, &cache, &options, &plan);
    if (status == MN_OK) mn_plan_free(&plan);
    mn_pack_cache_free(&cache);
    return status;
}

/* The checks of mn_model_from_graph(), and the kernels' own. */
static mn_status check_nodes(tfl_context *context, const int32_t *nodes, int32_t count) {
    mn_imported made;
    MN_TRY(mn_import_graph(&(mn_import){.context = context, .count = count, .nodes = nodes}, &made));
    mn_status status = mn_graph_check_given(&made.graph);
    if (status == MN_OK) status = mn_graph_check(&made.graph);
    if (status == MN_OK) status = check_plan(&made.graph);
    mn_graph_free(&made.graph);
    return status;
}

/* `claimed` holds the whole plan; keeps what is supported of it. Shapes that operators compute are followed only where
 * the whole model is ours: the parts that the interpreter cuts need not have both ends of such a path. */
static mn_status keep_supported(tfl_context *context, mn_claim_refused *refused, tfl_int_array *claimed) {
    int32_t kept = 0;
    if (claimed->size > 0 && check_nodes(context, claimed->data, claimed->size) == MN_OK) return MN_OK;
    for (int32_t i = 0; i < claimed->size; i++) {
        const int32_t node = claimed->data[i];
        const mn_status status = check_nodes(context, &node, 1);
        if (status == MN_ERROR_MEMORY) return status;
        if (status == MN_OK) {
            claimed->data[kept++] = node;
        } else {
            refused(context, node);
        }
    }
    claimed->size = kept;
    return MN_OK;
}

mn_status mn_claim_nodes(tfl_context *context, mn_claim_refused *refused, tfl_int_array **out) {
    tfl_int_array *plan;
    if (context->get_execution_plan(context, &plan) != TFL_OK || !plan || plan->size < 0) {
        return mn_fail(MN_ERROR_ARGUMENT, "the interpreter does not show its execution plan");
    }
    const size_t bytes = sizeof *plan + (size_t)plan->size * sizeof *plan->data;
    tfl_int_array *claimed = malloc(bytes); /* the interpreter's own array may go when it is asked again */
    if (!claimed) return mn_fail_memory("the list of nodes");
    memcpy(claimed, plan, bytes);
    const mn_status status = keep_supported(context, refused, claimed);
    if (status != MN_OK) {
        free(claimed);
        return status;
    }
    *out = claimed;
    return MN_OK;
}

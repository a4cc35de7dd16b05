/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/plan.h"

#include "plan/lifetimes.h"
#include "plan/schedule.h"
#include "plan/select.h"
#include "plan/weights.h"

static mn_status take_shapes(mn_plan *plan, const mn_shape *inputs, const mn_backend_list *backends) {
    const mn_graph *graph = plan->graph;
    plan->shapes = mn_region_alloc(&plan->region, (size_t)graph->tensor_count, sizeof *plan->shapes);
    if (!plan->shapes) return mn_fail_memory("the plan");
    for (int32_t i = 0; i < graph->tensor_count; i++) plan->shapes[i] = mn_tensor_shape(&graph->tensors[i]);
    if (!inputs) return MN_OK; /* the graph's own shapes are already inferred */
    for (int32_t i = 0; i < graph->input_count; i++) {
        const mn_tensor *tensor = &graph->tensors[graph->inputs[i]];
        if (!mn_shape_check(&inputs[i], tensor->type)) {
            return mn_fail(MN_ERROR_ARGUMENT, "%s: the shape given for input %d (%s) is empty or over 1 GiB",
                           graph->name, i, tensor->name);
        }
        plan->shapes[graph->inputs[i]] = inputs[i];
    }
    mn_shape_question question = {.graph = graph, .backends = backends};
    const mn_custom_shapes asked = {.ask = mn_foreign_shape, .context = &question};
    return mn_graph_infer_shapes(graph, plan->shapes, backends ? &asked : NULL);
}

/* Without back ends nobody runs CUSTOM operators. */
static mn_status hand_over(mn_plan *plan, const mn_plan_options *options) {
    if (!options->backends) {
        const int32_t custom = mn_graph_first_custom(plan->graph);
        return custom < 0 ? MN_OK : mn_graph_refuse_custom(plan->graph, custom);
    }
    const mn_offer offer = {.graph = plan->graph,
                            .shapes = plan->shapes,
                            .threads = options->threads,
                            .target = options->target,
                            .tier = options->tier,
                            .alone = options->keep_tensors};
    MN_TRY(mn_foreign_open(&offer, options->backends, &plan->foreign));
    plan->graph = &plan->foreign->graph;
    return MN_OK;
}

static mn_status make(mn_plan *plan, mn_pack_cache *cache, const mn_plan_options *options) {
    MN_TRY(take_shapes(plan, options->inputs, options->backends));
    MN_TRY(hand_over(plan, options));
    mn_candidates *candidates = mn_region_alloc(&plan->region, (size_t)plan->graph->op_count, sizeof *candidates);
    if (!candidates) return mn_fail_memory("the plan");
    const bool fuses = !options->keep_tensors && !options->streamed;
    MN_TRY(mn_plan_lower(plan->graph, plan->foreign, plan->shapes, fuses, &plan->region, candidates));
    MN_TRY(mn_plan_select(plan, candidates, options));
    MN_TRY(mn_plan_schedule(plan, options));
    MN_TRY(mn_plan_pack_weights(plan, cache, options->team));
    return mn_plan_place(plan, options);
}

mn_status mn_plan_create(const mn_graph *graph, mn_pack_cache *cache, const mn_plan_options *options, mn_plan *out) {
    mn_plan plan = {.graph = graph};
    mn_status status = make(&plan, cache, options);
    if (status != MN_OK) {
        mn_plan_free(&plan);
        return status;
    }
    *out = plan;
    return MN_OK;
}

void mn_plan_free(mn_plan *plan) {
    mn_foreign_close(&plan->foreign);
    mn_region_free(&plan->region);
    *plan = (mn_plan){0};
}

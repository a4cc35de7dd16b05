/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/schedule.h"

#include "plan/streamed.h"

static mn_cut cut_of(const mn_plan *plan, const mn_step *step, int32_t threads) {
    const mn_part *part = step->node->part;
    if (!part) return mn_kernel_cut(step->kernel, step->node->params, &step->need, &step->node->work, threads);
    return (mn_cut){.units = 1, .grain = 1, .workspace_bytes = mn_foreign_workspace(plan->foreign, part)};
}

static mn_status list_whole_steps(mn_plan *plan) {
    plan->slices = mn_region_alloc(&plan->region, (size_t)plan->step_count, sizeof *plan->slices);
    if (!plan->slices) return mn_fail_memory("the plan");
    for (int32_t s = 0; s < plan->step_count; s++) {
        if (plan->steps[s].node->is_alias) continue;
        plan->slices[plan->slice_count++] =
            (mn_slice_of_step){.step = s, .first = 0, .units = plan->steps[s].cut.units};
    }
    return MN_OK;
}

static mn_cut_side side_of(mn_step *step) {
    return (mn_cut_side){step->kernel, step->node->params, &step->need, &step->node->work, &step->cut};
}

/* Is the next step the projection of what step `s` computes? */
static bool is_projected(const mn_plan *plan, int32_t s) {
    if (s + 1 >= plan->step_count) return false;
    const mn_step *step = &plan->steps[s], *next = step + 1;
    return step->kernel && next->kernel && step->kernel->op == MN_K_CONV_DEPTHWISE &&
           next->kernel->op == MN_K_PROJECT && next->node->inputs[0] == step->node->outputs[0];
}

static void cut_together(mn_plan *plan, int32_t threads) {
    for (int32_t s = 0; s < plan->step_count; s++) {
        if (!is_projected(plan, s)) continue;
        mn_step *step = &plan->steps[s];
        const mn_cut_side pair[] = {side_of(step), side_of(step + 1)};
        const mn_shape *shape = &plan->shapes[step->node->outputs[0]];
        step->together = mn_kernel_cut_together(pair, (size_t)mn_shape_count(shape), threads);
    }
}

mn_status mn_plan_schedule(mn_plan *plan, const mn_plan_options *options) {
    plan->ring = mn_region_alloc(&plan->region, (size_t)plan->graph->tensor_count, sizeof *plan->ring);
    if (!plan->ring) return mn_fail_memory("the plan");
    for (int32_t s = 0; s < plan->step_count; s++) {
        mn_step *step = &plan->steps[s];
        if (!step->node->is_alias) step->cut = cut_of(plan, step, options->threads);
    }
    if (options->threads > 1) cut_together(plan, options->threads);
    return options->streamed ? mn_plan_stream(plan) : list_whole_steps(plan);
}

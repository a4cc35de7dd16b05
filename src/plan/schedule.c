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

mn_status mn_plan_schedule(mn_plan *plan, const mn_plan_options *options) {
    plan->ring = mn_region_alloc(&plan->region, (size_t)plan->graph->tensor_count, sizeof *plan->ring);
    if (!plan->ring) return mn_fail_memory("the plan");
    for (int32_t s = 0; s < plan->step_count; s++) {
        mn_step *step = &plan->steps[s];
        if (!step->node->is_alias) step->cut = cut_of(plan, step, options->threads);
    }
    return options->streamed ? mn_plan_stream(plan) : list_whole_steps(plan);
}

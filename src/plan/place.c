/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/place.h"

#include "base/checked.h"

/* Tensors that share memory are one here. */
static void use(const mn_plan *plan, int32_t owner, int32_t tensor, int32_t when, mn_placement *out) {
    if (tensor < 0 || plan->same_as[tensor] != owner) return;
    out->first = mn_min_i32(out->first, when);
    out->last = mn_max_i32(out->last, when);
}

bool mn_plan_place(const mn_plan *plan, int32_t tensor, mn_placement *out) {
    const mn_graph *graph = plan->graph;
    const int32_t owner = plan->same_as[tensor], before = -1, after = plan->step_count;
    if (plan->offset[tensor] == MN_NO_OFFSET) return false;
    *out = (mn_placement){
        .offset = plan->offset[tensor], .bytes = plan->bytes[owner], .first = plan->step_count, .last = before};
    for (int32_t i = 0; i < graph->input_count; i++) use(plan, owner, graph->inputs[i], before, out);
    for (int32_t s = 0; s < plan->step_count; s++) {
        const mn_step *step = &plan->steps[s];
        for (int32_t i = 0; i < step->input_count; i++) use(plan, owner, step->inputs[i], s, out);
        use(plan, owner, step->output, s, out);
    }
    for (int32_t i = 0; i < graph->output_count; i++) use(plan, owner, graph->outputs[i], after, out);
    return true;
}

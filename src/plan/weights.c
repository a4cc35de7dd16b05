/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/weights.h"

#include "base/checked.h"

static bool packs(const mn_step *step) { return step->kernel && mn_kernel_packs(step->kernel); }

static mn_status request_weights(mn_plan *plan, const mn_step *step, mn_pack_request *out) {
    const int32_t count = mn_max_i32(step->node->input_count, MN_TASK_INPUTS);
    const void **constants = mn_region_alloc(&plan->region, (size_t)count, sizeof *constants);
    if (!constants) return mn_fail_memory("the plan");
    for (int32_t i = 0; i < step->node->input_count; i++) {
        constants[i] = step->node->inputs[i] < 0 ? NULL : plan->graph->tensors[step->node->inputs[i]].data;
    }
    *out = (mn_pack_request){.op_index = mn_graph_number(plan->graph, step->node->first_op),
                             .kernel = step->kernel,
                             .bytes = step->need.packed_bytes,
                             .params = step->node->params,
                             .constants = constants};
    return MN_OK;
}

mn_status mn_plan_pack_weights(mn_plan *plan, mn_pack_cache *cache, mn_team *team) {
    mn_pack_request *requests = mn_region_alloc(&plan->region, (size_t)plan->step_count, sizeof *requests);
    if (!requests) return mn_fail_memory("the plan");
    int32_t count = 0, next = 0;
    for (int32_t s = 0; s < plan->step_count; s++) {
        if (packs(&plan->steps[s])) MN_TRY(request_weights(plan, &plan->steps[s], &requests[count++]));
    }
    if (!mn_pack_cache_answer(cache, team, requests, count)) return mn_fail_memory("packed weights");
    for (int32_t s = 0; s < plan->step_count; s++) {
        mn_step *step = &plan->steps[s];
        if (!packs(step)) continue;
        step->packed = requests[next++].packed;
        plan->packed_bytes += step->need.packed_bytes;
    }
    return MN_OK;
}

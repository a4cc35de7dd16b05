/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/overwrite.h"

/* May step `s` write its output over `tensor`, which is an operand of it: one of as many bytes, for the last time? */
static bool may_overwrite(const mn_plan *plan, int32_t s, int32_t tensor) {
    if (tensor < 0) return false;
    const int32_t owner = plan->same_as[tensor], output = plan->steps[s].node->outputs[0];
    if (mn_plan_is_constant(plan, owner) || mn_plan_is_outside(plan, owner)) return false;
    return plan->last[owner] == s && plan->bytes[owner] == plan->bytes[output];
}

void mn_plan_find_overwrites(const mn_plan *plan, int32_t *over) {
    for (int32_t i = 0; i < plan->graph->tensor_count; i++) over[i] = i;
    for (int32_t s = 0; s < plan->step_count; s++) {
        const mn_node *node = plan->steps[s].node;
        if (!plan->steps[s].kernel || !plan->steps[s].kernel->traits->in_place) continue;
        for (int32_t i = 0; i < node->input_count; i++) {
            if (!may_overwrite(plan, s, node->inputs[i])) continue;
            over[node->outputs[0]] = over[plan->same_as[node->inputs[i]]];
            break;
        }
    }
}

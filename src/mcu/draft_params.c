/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Parameters of steps without weights. */
#include "mcu/draft.h"

/* Room for the parameters of a step. */
static void *make_params(const mn_draft *draft, mn_draft_step *to, size_t bytes) {
    to->constant_bytes = bytes;
    return to->params = mn_region_alloc(draft->region, 1, bytes);
}

mn_status mn_draft_add_params(const mn_draft *draft, const mn_step *from, mn_draft_step *to) {
    const mn_binary_params *p = from->node->params;
    mn_mcu_add *add = make_params(draft, to, sizeof *add);
    if (!add) return mn_fail_memory("the program");
    for (int32_t i = 0; i < 2; i++) {
        add->multiplier[i] = p->in[i].multiplier;
        add->shift[i] = (int8_t)p->in[i].shift;
        add->zero[i] = (int8_t)p->in[i].zero;
    }
    add->out_multiplier = p->out.multiplier;
    add->out_shift = (int8_t)p->out.shift;
    add->out_zero = (int8_t)p->out.zero;
    add->low = (int8_t)p->range.min;
    add->high = (int8_t)p->range.max;
    add->subtract = p->subtract;
    return MN_OK;
}

mn_status mn_draft_pool_params(const mn_draft *draft, const mn_step *from, mn_draft_step *to) {
    const mn_range_i32 range = ((const mn_pool_params *)from->node->params)->range;
    mn_mcu_pool *pool = make_params(draft, to, sizeof *pool);
    if (!pool) return mn_fail_memory("the program");
    *pool = (mn_mcu_pool){.low = (int8_t)range.min, .high = (int8_t)range.max};
    return MN_OK;
}

mn_status mn_draft_pad_params(const mn_draft *draft, const mn_step *from, mn_draft_step *to) {
    mn_mcu_pad *pad = make_params(draft, to, sizeof *pad);
    if (!pad) return mn_fail_memory("the program");
    pad->border = (int8_t)((const mn_pad_params *)from->node->params)->value[0];
    return MN_OK;
}

mn_status mn_draft_mean_params(const mn_draft *draft, const mn_step *from, mn_draft_step *to) {
    mn_mcu_mean *mean = make_params(draft, to, sizeof *mean);
    if (!mean) return mn_fail_memory("the program");
    if (to->kind == MN_MCU_AVERAGE) {
        const mn_range_i32 range = ((const mn_pool_params *)from->node->params)->range;
        *mean = (mn_mcu_mean){.low = range.min, .high = range.max};
        return MN_OK;
    }
    const mn_mean_params *p = from->node->params;
    *mean = (mn_mcu_mean){.multiplier = p->multiplier,
                          .shift = p->shift,
                          .in_zero = p->in_zero,
                          .out_zero = p->out_zero,
                          .low = INT8_MIN,
                          .high = INT8_MAX};
    return MN_OK;
}

mn_status mn_draft_softmax_params(const mn_draft *draft, const mn_step *from, mn_draft_step *to) {
    const mn_softmax_params *p = from->node->params;
    mn_mcu_softmax *softmax = make_params(draft, to, sizeof *softmax);
    if (!softmax) return mn_fail_memory("the program");
    *softmax = (mn_mcu_softmax){.multiplier = p->multiplier, .shift = p->shift, .diff_min = p->diff_min};
    return MN_OK;
}

/* What the reference kernel makes of each byte. */
mn_status mn_draft_map_params(const mn_draft *draft, const mn_step *from, mn_draft_step *to) {
    uint8_t in[MN_MCU_MAP_BYTES];
    int8_t *table = make_params(draft, to, sizeof in);
    if (!table) return mn_fail_memory("the program");
    for (int32_t i = 0; i < MN_MCU_MAP_BYTES; i++) in[i] = (uint8_t)(i + INT8_MIN);
    const void *inputs[MN_TASK_INPUTS] = {in};
    const mn_task task = {.params = from->node->params, .inputs = inputs, .output = table};
    from->kernel->run(&task, 0, MN_MCU_MAP_BYTES);
    return MN_OK;
}

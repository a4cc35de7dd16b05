/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* PAD and CONCATENATION. */
#include "plan/bind.h"

static int32_t element_bytes(const mn_binder *b) { return (int32_t)mn_type_size(mn_bind_input(b, 0)->type); }

mn_status mn_bind_pad(const mn_binder *b, mn_binding *out) {
    mn_pad_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    if (!params) return mn_fail_memory("the plan");
    const mn_shape *x = mn_bind_input_shape(b, 0), *y = mn_bind_output_shape(b);
    mn_bind_full_dims(x, params->in_dims);
    mn_bind_full_dims(y, params->out_dims);
    int32_t missing = MN_MAX_RANK - x->rank;
    for (int32_t d = 0; d < x->rank; d++) params->before[missing + d] = b->op->attr.pad[d][0];
    params->element_bytes = element_bytes(b);
    if (mn_bind_quantised(b)) params->value[0] = (uint8_t)mn_bind_zero(mn_bind_output(b));
    mn_bind_finish(b, MN_K_PAD, params, mn_shape_count(y) / params->out_dims[MN_MAX_RANK - 1], out);
    out->input_count = 1; /* the paddings are in the parameters */
    return MN_OK;
}

/* uint8 inputs may each have a quantisation of their own. */
static mn_status quantise_concatenation(const mn_binder *b, mn_concatenation_params *params) {
    const mn_tensor *result = mn_bind_output(b);
    float *scale = mn_region_alloc(b->region, (size_t)b->op->input_count, sizeof *scale);
    int32_t *zero = mn_region_alloc(b->region, (size_t)b->op->input_count, sizeof *zero);
    if (!scale || !zero) return mn_fail_memory("the plan");
    for (int32_t i = 0; i < b->op->input_count; i++) {
        scale[i] = mn_bind_scale(mn_bind_input(b, i));
        zero[i] = mn_bind_zero(mn_bind_input(b, i));
    }
    params->scale = scale;
    params->zero = zero;
    params->out_scale = mn_bind_scale(result);
    params->out_zero = mn_bind_zero(result);
    return MN_OK;
}

mn_status mn_bind_concatenation(const mn_binder *b, mn_binding *out) {
    mn_concatenation_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    int32_t *width = mn_region_alloc(b->region, (size_t)b->op->input_count, sizeof *width);
    if (!params || !width) return mn_fail_memory("the plan");
    const mn_shape *y = mn_bind_output_shape(b);
    int32_t axis = b->op->attr.axis < 0 ? b->op->attr.axis + y->rank : b->op->attr.axis;
    params->outer = 1;
    for (int32_t d = 0; d < axis; d++) params->outer *= y->dims[d];
    for (int32_t i = 0; i < b->op->input_count; i++) {
        width[i] = mn_shape_count(mn_bind_input_shape(b, i)) / params->outer;
    }
    params->width = width;
    params->input_count = b->op->input_count;
    params->element_bytes = element_bytes(b);
    if (mn_bind_output(b)->type == MN_UINT8) MN_TRY(quantise_concatenation(b, params));
    mn_bind_finish(b, MN_K_CONCATENATION, params, params->outer, out);
    return MN_OK;
}

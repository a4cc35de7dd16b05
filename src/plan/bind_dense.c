/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* FULLY_CONNECTED, SOFTMAX, LOG_SOFTMAX, L2_NORMALIZATION, MEAN, SUM and REDUCE_MAX: operators over whole rows. */
#include "kernels/quant.h"
#include "plan/bind.h"

static mn_status quantise_fully_connected(const mn_binder *b, mn_fully_connected_params *params) {
    const mn_tensor *x = mn_bind_input(b, 0), *w = mn_bind_input(b, 1), *y = mn_bind_output(b);
    double *scale = mn_region_alloc(b->region, (size_t)params->out_c, sizeof *scale);
    if (!scale) return mn_fail_memory("the plan");
    mn_quant_fully_connected(mn_bind_scale(x), w->quant.scale, w->quant.count, mn_bind_scale(y), params->out_c, scale);
    params->scale = scale;
    params->in_zero = mn_bind_zero(x);
    params->out_zero = mn_bind_zero(y);
    params->weight_zero = w->quant.count == 1 ? mn_bind_zero(w) : 0;
    params->bias_64 = mn_bind_bias_64(b);
    params->range = mn_bind_range(b, b->op->attr.activation);
    return MN_OK;
}

mn_status mn_bind_fully_connected(const mn_binder *b, mn_binding *out) {
    mn_fully_connected_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    if (!params) return mn_fail_memory("the plan");
    const mn_shape *w = mn_bind_input_shape(b, 1);
    params->out_c = w->dims[0];
    params->in_c = w->dims[1];
    params->rows = mn_shape_count(mn_bind_input_shape(b, 0)) / params->in_c;
    params->range_f32 = mn_bind_range_f32(b->op->attr.activation);
    if (mn_bind_hybrid(b)) return mn_bind_hybrid_fully_connected(b, params, out);
    if (mn_bind_quantised(b)) MN_TRY(quantise_fully_connected(b, params));
    mn_bind_finish(b, MN_K_FULLY_CONNECTED, params, params->rows * params->out_c, out);
    return MN_OK;
}

static mn_status quantise_softmax(const mn_binder *b, mn_softmax_params *params) {
    const float scale = mn_bind_scale(mn_bind_input(b, 0));
    if (!mn_bind_wide(b)) {
        mn_quant_softmax(params->beta, scale, params);
        return MN_OK;
    }
    int16_t *tables = mn_region_alloc(b->region, 2 * MN_TABLE_16, sizeof *tables);
    if (!tables) return mn_fail_memory("the plan");
    mn_quant_softmax_tables(tables, tables + MN_TABLE_16);
    params->exp_table = tables;
    params->reciprocal_table = tables + MN_TABLE_16;
    mn_quant_softmax_16(params->beta, scale, params);
    return MN_OK;
}

mn_status mn_bind_softmax(const mn_binder *b, mn_kernel_op op, mn_binding *out) {
    mn_softmax_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    if (!params) return mn_fail_memory("the plan");
    const mn_shape *x = mn_bind_input_shape(b, 0);
    params->depth = x->dims[x->rank - 1];
    params->rows = mn_shape_count(x) / params->depth;
    params->beta = op == MN_K_SOFTMAX ? b->op->attr.beta : 1;
    if (mn_bind_quantised(b)) MN_TRY(quantise_softmax(b, params));
    mn_bind_finish(b, op, params, params->rows, out);
    return MN_OK;
}

mn_status mn_bind_l2_normalization(const mn_binder *b, mn_binding *out) {
    mn_l2_normalization_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    if (!params) return mn_fail_memory("the plan");
    const mn_shape *x = mn_bind_input_shape(b, 0);
    params->depth = x->dims[x->rank - 1];
    params->rows = mn_shape_count(x) / params->depth;
    if (mn_bind_quantised(b)) params->in_zero = mn_bind_zero(mn_bind_input(b, 0));
    mn_bind_finish(b, MN_K_L2_NORMALIZATION, params, params->rows, out);
    return MN_OK;
}

mn_status mn_bind_reduce(const mn_binder *b, mn_kernel_op op, mn_binding *out) {
    mn_mean_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    if (!params) return mn_fail_memory("the plan");
    const mn_op_attr *attr = &b->op->attr;
    const mn_shape *x = mn_bind_input_shape(b, 0);
    params->rank = x->rank;
    for (int32_t i = 0; i < attr->list_count; i++) {
        params->reduced[attr->list[i] < 0 ? attr->list[i] + x->rank : attr->list[i]] = true;
    }
    params->count = 1;
    for (int32_t d = 0; d < x->rank; d++) {
        params->dims[d] = x->dims[d];
        if (params->reduced[d]) params->count *= x->dims[d];
    }
    if (mn_bind_quantised(b)) {
        const mn_tensor *in = mn_bind_input(b, 0), *result = mn_bind_output(b);
        params->in_zero = mn_bind_zero(in);
        params->out_zero = mn_bind_zero(result);
        const int32_t divisor = op == MN_K_SUM ? 1 : params->count;
        mn_quant_mean(mn_bind_scale(in), mn_bind_scale(result), divisor, &params->multiplier, &params->shift);
        if (op == MN_K_SUM) op = MN_K_MEAN; /* the same kernel, by another multiplier */
    }
    mn_bind_finish(b, op, params, mn_shape_count(mn_bind_output_shape(b)), out);
    out->input_count = 1; /* the axes are in the parameters */
    return MN_OK;
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM, PRELU, QUANTIZE, DEQUANTIZE, RELU and the like, and functions of each element.
 */
#include <string.h>

#include "kernels/quant.h"
#include "plan/bind.h"

static mn_binary_params *make_binary(const mn_binder *b) {
    mn_binary_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    if (!params) return NULL;
    mn_bind_full_dims(mn_bind_output_shape(b), params->dims);
    params->same_shape = true;
    for (int32_t i = 0; i < 2; i++) {
        int32_t dims[MN_MAX_RANK];
        mn_bind_full_dims(mn_bind_input_shape(b, i), dims);
        mn_bind_strides(dims, params->stride[i]);
        for (int32_t d = 0; d < MN_MAX_RANK; d++) {
            if (dims[d] == 1) params->stride[i][d] = 0;
        }
        if (memcmp(dims, params->dims, sizeof dims) != 0) params->same_shape = false;
    }
    params->range_f32 = mn_bind_range_f32(b->op->attr.activation);
    if (mn_bind_quantised(b)) {
        for (int32_t i = 0; i < 2; i++) params->in[i].zero = mn_bind_zero(mn_bind_input(b, i));
        params->out.zero = mn_bind_zero(mn_bind_output(b));
        params->range = mn_bind_range(b, b->op->attr.activation);
    }
    return params;
}

static mn_status finish_binary(const mn_binder *b, mn_kernel_op op, const mn_binary_params *params, mn_binding *out) {
    mn_bind_finish(b, op, params, mn_shape_count(mn_bind_output_shape(b)), out);
    return MN_OK;
}

mn_status mn_bind_add(const mn_binder *b, bool subtract, mn_binding *out) {
    mn_binary_params *params = make_binary(b);
    if (!params) return mn_fail_memory("the plan");
    params->subtract = subtract;
    if (mn_bind_quantised(b)) {
        (mn_bind_wide(b) ? mn_quant_add_16 : mn_quant_add)(mn_bind_scale(mn_bind_input(b, 0)),
                                                           mn_bind_scale(mn_bind_input(b, 1)),
                                                           mn_bind_scale(mn_bind_output(b)), params);
    }
    return finish_binary(b, MN_K_ADD, params, out);
}

mn_status mn_bind_mul(const mn_binder *b, mn_binding *out) {
    mn_binary_params *params = make_binary(b);
    if (!params) return mn_fail_memory("the plan");
    if (mn_bind_quantised(b)) {
        mn_quant_mul(mn_bind_scale(mn_bind_input(b, 0)), mn_bind_scale(mn_bind_input(b, 1)),
                     mn_bind_scale(mn_bind_output(b)), params);
    }
    return finish_binary(b, MN_K_MUL, params, out);
}

mn_status mn_bind_div(const mn_binder *b, mn_binding *out) {
    mn_binary_params *params = make_binary(b);
    return params ? finish_binary(b, MN_K_DIV, params, out) : mn_fail_memory("the plan");
}

mn_status mn_bind_maximum(const mn_binder *b, bool minimum, mn_binding *out) {
    mn_binary_params *params = make_binary(b);
    if (!params) return mn_fail_memory("the plan");
    params->minimum = minimum;
    return finish_binary(b, MN_K_MAXIMUM, params, out);
}

mn_status mn_bind_prelu(const mn_binder *b, mn_binding *out) {
    mn_binary_params *params = make_binary(b);
    if (!params) return mn_fail_memory("the plan");
    if (mn_bind_quantised(b)) {
        mn_quant_prelu(mn_bind_scale(mn_bind_input(b, 0)), mn_bind_scale(mn_bind_input(b, 1)),
                       mn_bind_scale(mn_bind_output(b)), params);
    }
    return finish_binary(b, MN_K_PRELU, params, out);
}

/* Conversion parameters with what every element-wise conversion needs. */
static mn_convert_params *make_convert(const mn_binder *b) {
    mn_convert_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    if (!params) return NULL;
    params->count = mn_shape_count(mn_bind_output_shape(b));
    params->channels = 1;
    params->inner = params->count;
    return params;
}

static void between_integers(const mn_binder *b, mn_convert_params *params) {
    params->in_zero = mn_bind_zero(mn_bind_input(b, 0));
    params->out_zero = mn_bind_zero(mn_bind_output(b));
}

/* Per channel, an index of the quantised dimension stays the same over the elements of the dimensions behind it. */
static void between_float_and(const mn_tensor *quantised, const mn_shape *shape, mn_convert_params *params) {
    params->scale = quantised->quant.scale;
    params->zero = quantised->quant.zero_point;
    params->channels = quantised->quant.count;
    if (params->channels == 1) return;
    params->inner = 1;
    for (int32_t d = quantised->quant.axis + 1; d < shape->rank; d++) params->inner *= shape->dims[d];
}

mn_status mn_bind_quantize(const mn_binder *b, mn_binding *out) {
    mn_convert_params *params = make_convert(b);
    if (!params) return mn_fail_memory("the plan");
    const mn_tensor *in = mn_bind_input(b, 0), *result = mn_bind_output(b);
    if (mn_bind_quantised(b)) {
        between_integers(b, params);
        mn_quant_quantize(mn_bind_scale(in), mn_bind_scale(result), &params->multiplier, &params->shift);
    } else {
        between_float_and(result, mn_bind_output_shape(b), params);
    }
    mn_bind_finish(b, MN_K_QUANTIZE, params, params->count, out);
    return MN_OK;
}

mn_status mn_bind_dequantize(const mn_binder *b, mn_binding *out) {
    mn_convert_params *params = make_convert(b);
    if (!params) return mn_fail_memory("the plan");
    if (mn_bind_quantised(b)) between_float_and(mn_bind_input(b, 0), mn_bind_input_shape(b, 0), params);
    mn_bind_finish(b, MN_K_DEQUANTIZE, params, params->count, out);
    return MN_OK;
}

/* As an operator of its own RELU keeps infinity, which the fused one makes FLT_MAX. */
mn_status mn_bind_clamp(const mn_binder *b, mn_range_f32 range, mn_binding *out) {
    mn_convert_params *params = make_convert(b);
    if (!params) return mn_fail_memory("the plan");
    params->range_f32 = range;
    if (mn_bind_quantised(b)) {
        const mn_tensor *in = mn_bind_input(b, 0), *result = mn_bind_output(b);
        between_integers(b, params);
        mn_quant_clamp(mn_bind_scale(in), mn_bind_scale(result), &params->multiplier, &params->shift);
        params->range = mn_quant_range(range, result->type, mn_bind_scale(result), mn_bind_zero(result));
    }
    mn_bind_finish(b, MN_K_CLAMP, params, params->count, out);
    return MN_OK;
}

bool mn_bind_unary_function(mn_op_kind kind, mn_unary *out) {
    switch (kind) {
    case MN_OP_LOGISTIC: *out = MN_UNARY_LOGISTIC; return true;
    case MN_OP_TANH: *out = MN_UNARY_TANH; return true;
    case MN_OP_HARD_SWISH: *out = MN_UNARY_HARD_SWISH; return true;
    case MN_OP_LEAKY_RELU: *out = MN_UNARY_LEAKY_RELU; return true;
    case MN_OP_ELU: *out = MN_UNARY_ELU; return true;
    case MN_OP_SQUARE: *out = MN_UNARY_SQUARE; return true;
    case MN_OP_RSQRT: *out = MN_UNARY_RSQRT; return true;
    default: return false;
    }
}

static mn_status quantise_unary_16(const mn_binder *b, mn_unary_params *params) {
    mn_quant_unary_16(mn_bind_scale(mn_bind_input(b, 0)), mn_bind_scale(mn_bind_output(b)), params);
    if (params->function == MN_UNARY_LEAKY_RELU) return MN_OK;
    uint16_t *table = mn_region_alloc(b->region, MN_SIGMOID, sizeof *table);
    if (!table) return mn_fail_memory("the plan");
    mn_quant_sigmoid_table(table);
    params->sigmoid = table;
    return MN_OK;
}

mn_status mn_bind_unary(const mn_binder *b, mn_binding *out) {
    mn_unary_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    if (!params) return mn_fail_memory("the plan");
    mn_bind_unary_function(b->op->kind, &params->function);
    params->count = mn_shape_count(mn_bind_output_shape(b));
    params->alpha = b->op->attr.alpha;
    if (mn_bind_wide(b)) {
        MN_TRY(quantise_unary_16(b, params));
    } else if (mn_bind_quantised(b)) {
        const mn_tensor *in = mn_bind_input(b, 0), *result = mn_bind_output(b);
        mn_quant_unary(mn_bind_scale(in), mn_bind_zero(in), mn_bind_scale(result), mn_bind_zero(result), params);
    }
    mn_bind_finish(b, MN_K_UNARY, params, params->count, out);
    return MN_OK;
}

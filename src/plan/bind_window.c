/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* CONV_2D, DEPTHWISE_CONV_2D and the pools. */
#include "kernels/quant.h"
#include "plan/bind.h"

static mn_window make_window(const mn_binder *b, int32_t k_h, int32_t k_w) {
    const mn_op_attr *attr = &b->op->attr;
    const mn_shape *x = mn_bind_input_shape(b, 0), *y = mn_bind_output_shape(b);
    return (mn_window){
        .batches = x->dims[0],
        .in_h = x->dims[1],
        .in_w = x->dims[2],
        .in_c = x->dims[3],
        .out_h = y->dims[1],
        .out_w = y->dims[2],
        .out_c = y->dims[3],
        .k_h = k_h,
        .k_w = k_w,
        .stride_h = attr->stride_h,
        .stride_w = attr->stride_w,
        .dilation_h = attr->dilation_h,
        .dilation_w = attr->dilation_w,
        .pad_top = mn_window_padding(x->dims[1], y->dims[1], k_h, attr->stride_h, attr->dilation_h),
        .pad_left = mn_window_padding(x->dims[2], y->dims[2], k_w, attr->stride_w, attr->dilation_w),
    };
}

static int32_t output_rows(const mn_window *window) { return window->batches * window->out_h; }

static mn_status quantise_conv(const mn_binder *b, mn_conv_params *params) {
    const mn_tensor *x = mn_bind_input(b, 0), *w = mn_bind_input(b, 1), *y = mn_bind_output(b);
    int32_t channels = params->window.out_c;
    int32_t *multiplier = mn_region_alloc(b->region, (size_t)channels, sizeof *multiplier);
    int32_t *shift = mn_region_alloc(b->region, (size_t)channels, sizeof *shift);
    if (!multiplier || !shift) return mn_fail_memory("the plan");
    mn_quant_conv(x->type, mn_bind_scale(x), w->quant.scale, w->quant.count, mn_bind_scale(y), channels, multiplier,
                  shift);
    params->multiplier = multiplier;
    params->shift = shift;
    params->in_zero = mn_bind_zero(x);
    params->out_zero = mn_bind_zero(y);
    params->weight_zero = x->type == MN_UINT8 ? mn_bind_zero(w) : 0;
    params->bias_64 = mn_bind_bias_64(b);
    params->range = mn_bind_range(b, b->op->attr.activation);
    return MN_OK;
}

static mn_status bind_conv_family(const mn_binder *b, mn_kernel_op op, mn_kernel_op hybrid, int32_t groups,
                                  mn_binding *out) {
    const mn_shape *w = mn_bind_input_shape(b, 1);
    mn_conv_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    if (!params) return mn_fail_memory("the plan");
    params->window = make_window(b, w->dims[1], w->dims[2]);
    params->groups = groups;
    params->range_f32 = mn_bind_range_f32(b->op->attr.activation);
    if (mn_bind_hybrid(b)) return mn_bind_hybrid_conv(b, hybrid, params, out);
    if (mn_bind_quantised(b)) MN_TRY(quantise_conv(b, params));
    mn_bind_finish(b, op, params, output_rows(&params->window), out);
    return MN_OK;
}

mn_status mn_bind_conv(const mn_binder *b, mn_binding *out) {
    int32_t groups = mn_bind_input_shape(b, 0)->dims[3] / mn_bind_input_shape(b, 1)->dims[3];
    return bind_conv_family(b, MN_K_CONV, MN_K_HYBRID_CONV, groups, out);
}

mn_status mn_bind_depthwise(const mn_binder *b, mn_binding *out) {
    return bind_conv_family(b, MN_K_DEPTHWISE, MN_K_HYBRID_DEPTHWISE, 1, out);
}

mn_status mn_bind_pool(const mn_binder *b, mn_kernel_op op, mn_binding *out) {
    mn_pool_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    if (!params) return mn_fail_memory("the plan");
    params->window = make_window(b, b->op->attr.filter_h, b->op->attr.filter_w);
    params->range_f32 = mn_bind_range_f32(b->op->attr.activation);
    if (mn_bind_quantised(b)) params->range = mn_bind_range(b, b->op->attr.activation);
    mn_bind_finish(b, op, params, output_rows(&params->window), out);
    return MN_OK;
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Operators with float activations and 8-bit weights. */
#include <float.h>

#include "kernels/quant.h"
#include "plan/bind.h"

bool mn_bind_hybrid(const mn_binder *b) {
    mn_type weights = mn_bind_input(b, 1)->type;
    return mn_bind_input(b, 0)->type == MN_FLOAT32 && (weights == MN_INT8 || weights == MN_UINT8);
}

/* The scale of each output channel. */
static const float *make_scales(const mn_binder *b, int32_t channels) {
    const mn_quant *quant = &mn_bind_input(b, 1)->quant;
    if (quant->count == channels) return quant->scale;
    float *scale = mn_region_alloc(b->region, (size_t)channels, sizeof *scale);
    for (int32_t c = 0; scale && c < channels; c++) scale[c] = quant->scale[0];
    return scale;
}

/* TFLite looks for channels that differ in scale, and gives activations a zero point only then (kernels/conv.cc). */
static bool scales_differ(const float *scale, int32_t channels) {
    for (int32_t c = 1; c < channels; c++) {
        if (scale[c] != scale[0]) return true;
    }
    return false;
}

mn_status mn_bind_hybrid_conv(const mn_binder *b, mn_kernel_op op, const mn_conv_params *conv, mn_binding *out) {
    mn_hybrid_conv_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    const int32_t channels = conv->window.out_c;
    const float *scale = make_scales(b, channels);
    if (!params || !scale) return mn_fail_memory("the plan");
    const bool depthwise = op == MN_K_HYBRID_DEPTHWISE;
    *params = (mn_hybrid_conv_params){.conv = *conv,
                                      .depthwise = depthwise,
                                      .asymmetric = depthwise || conv->groups > 1 || scales_differ(scale, channels),
                                      .scale = scale};
    mn_bind_finish(b, op, params, conv->window.batches * conv->window.out_h, out);
    return MN_OK;
}

mn_status mn_bind_hybrid_fully_connected(const mn_binder *b, const mn_fully_connected_params *shape, mn_binding *out) {
    mn_hybrid_fully_connected_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    const float *scale = make_scales(b, shape->out_c);
    if (!params || !scale) return mn_fail_memory("the plan");
    *params = (mn_hybrid_fully_connected_params){.rows = shape->rows,
                                                 .in_c = shape->in_c,
                                                 .out_c = shape->out_c,
                                                 .range_f32 = shape->range_f32,
                                                 .asymmetric = b->op->attr.asymmetric_inputs,
                                                 .scale = scale};
    /* TFLite applies this operator's activation to infinity as it is. */
    if (params->range_f32.min == -FLT_MAX) params->range_f32.min = -INFINITY;
    if (params->range_f32.max == FLT_MAX) params->range_f32.max = INFINITY;
    mn_bind_finish(b, MN_K_HYBRID_FULLY_CONNECTED, params, params->rows * params->out_c, out);
    return MN_OK;
}

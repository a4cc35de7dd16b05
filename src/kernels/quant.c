/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/quant.h"

#include <float.h>
#include <string.h>

void mn_quantize_multiplier(double real, int32_t *multiplier, int32_t *shift) {
    *multiplier = 0;
    *shift = 0;
    if (!(real > 0)) return;
    if (real >= 2147483648.0) {
        *multiplier = INT32_MAX;
        *shift = 31;
        return;
    }
    /* frexp() and round() in integers, for the thousands of channels of a model: IEEE 754 has the fraction's bits. */
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    int32_t exponent = (int32_t)(bits >> 52) - 1022;
    int64_t fraction = (int64_t)((bits & ((UINT64_C(1) << 52) - 1)) + (UINT64_C(1) << 52) + (1 << 21)) >> 22;
    if (fraction == INT64_C(1) << 31) {
        fraction /= 2;
        exponent++;
    }
    if (exponent < -31) return;
    *multiplier = (int32_t)fraction;
    *shift = exponent;
}

mn_range_i32 mn_type_range(mn_type type) {
    if (type == MN_INT16) return (mn_range_i32){INT16_MIN, INT16_MAX};
    return type == MN_UINT8 ? (mn_range_i32){0, UINT8_MAX} : (mn_range_i32){INT8_MIN, INT8_MAX};
}

mn_range_i32 mn_quant_range(mn_range_f32 range, mn_type type, float scale, int32_t zero) {
    const mn_range_i32 whole = mn_type_range(type);
    mn_range_i32 result = whole;
    float low = range.min / scale, high = range.max / scale;
    if (range.min > -FLT_MAX) result.min = mn_store_real(low, zero, whole);
    if (range.max < FLT_MAX) result.max = mn_store_real(high, zero, whole);
    return result;
}

void mn_quant_conv(mn_type type, float in, const float *weight, int32_t weight_count, float out, int32_t channels,
                   int32_t *multiplier, int32_t *shift) {
    for (int32_t c = 0; c < channels; c++) {
        float scale = weight[weight_count > 1 ? c : 0];
        float float_product = in * scale;
        double product = type == MN_UINT8 ? (double)float_product : (double)in * (double)scale;
        mn_quantize_multiplier(product / (double)out, &multiplier[c], &shift[c]);
    }
}

void mn_quant_fully_connected(float in, const float *weight, int32_t weight_count, float out, int32_t channels,
                              double *scale) {
    for (int32_t c = 0; c < channels; c++) {
        scale[c] = (double)in * (double)weight[weight_count > 1 ? c : 0] / (double)out;
    }
}

static void quant_add(float in0, float in1, float out, int32_t left, mn_binary_params *params) {
    double twice_larger = 2.0f * (in0 < in1 ? in1 : in0);
    float shifted_out = (float)(1 << left) * out;
    mn_quantize_multiplier((double)in0 / twice_larger, &params->in[0].multiplier, &params->in[0].shift);
    mn_quantize_multiplier((double)in1 / twice_larger, &params->in[1].multiplier, &params->in[1].shift);
    mn_quantize_multiplier(twice_larger / (double)shifted_out, &params->out.multiplier, &params->out.shift);
}

void mn_quant_add(float in0, float in1, float out, mn_binary_params *params) {
    quant_add(in0, in1, out, MN_ADD_SHIFT, params);
}

void mn_quant_add_16(float in0, float in1, float out, mn_binary_params *params) {
    quant_add(in0, in1, out, MN_ADD_SHIFT_16, params);
}

void mn_quant_mul(float in0, float in1, float out, mn_binary_params *params) {
    float product = in0 * in1;
    float ratio = product / out;
    mn_quantize_multiplier((double)ratio, &params->out.multiplier, &params->out.shift);
}

void mn_quant_prelu(float in, float slope, float out, mn_binary_params *params) {
    const float same = in / out, below = in * slope / out;
    mn_quantize_multiplier((double)same, &params->in[0].multiplier, &params->in[0].shift);
    mn_quantize_multiplier((double)below, &params->out.multiplier, &params->out.shift);
}

void mn_quant_mean(float in, float out, int32_t count, int32_t *multiplier, int32_t *shift) {
    mn_quantize_multiplier((double)in / (double)out, multiplier, shift);
    int32_t extra = 0;
    while (extra < 30 && count >> (extra + 1) != 0) extra++; /* floor(log2(count)): keeps the quotient's bits */
    extra = mn_min_i32(extra, 31 + *shift);
    *multiplier = (int32_t)(((int64_t)*multiplier << extra) / count);
    *shift -= extra;
}

void mn_quant_softmax(float beta, float in, mn_softmax_params *params) {
    const double scale = (double)beta * (double)in * (double)(1 << 26);
    const double largest = 2147483647.0;
    mn_quantize_multiplier(scale < largest ? scale : largest, &params->multiplier, &params->shift);
    const double radius = floor(ldexp(31.0, 26 - params->shift));
    params->diff_min = radius < 255 ? -(int32_t)radius : -255;
    const double unit = ldexp(1, 31 - params->shift); /* one, by the multiplier alone */
    mn_quantize_multiplier(params->multiplier > 0 ? unit / params->multiplier : 0, &params->back_multiplier,
                           &params->back_shift);
}

void mn_quant_quantize(float in, float out, int32_t *multiplier, int32_t *shift) {
    mn_quantize_multiplier((double)in / (double)out, multiplier, shift);
}

void mn_quant_clamp(float in, float out, int32_t *multiplier, int32_t *shift) {
    float ratio = in / out;
    mn_quantize_multiplier((double)ratio, multiplier, shift);
}

/* HARD_SWISH works on 16 bits: DownScaleInt32ToInt16Multiplier of activations.cc. */
static void quantize_multiplier_16(float real, int32_t *multiplier, int32_t *shift) {
    const int32_t half = 1 << 15;
    mn_quantize_multiplier((double)real, multiplier, shift);
    *multiplier = *multiplier >= INT32_MAX - half ? INT16_MAX : (*multiplier + half) >> 16;
}

void mn_quant_unary(float in, int32_t in_zero, float out, int32_t out_zero, mn_unary_params *params) {
    params->in_scale = in, params->out_scale = out;
    params->in_zero = in_zero, params->out_zero = out_zero;
    if (params->function == MN_UNARY_LEAKY_RELU) {
        const float same = in / out, below = in * params->alpha / out;
        mn_quantize_multiplier((double)same, &params->multiplier[0], &params->shift[0]);
        mn_quantize_multiplier(fabs((double)below), &params->multiplier[1], &params->shift[1]);
        if (below < 0) params->multiplier[1] = -params->multiplier[1];
    } else if (params->function == MN_UNARY_RSQRT) {
        const float units = sqrtf(in) * out;
        mn_quantize_multiplier(1 / (double)units, &params->multiplier[0], &params->shift[0]);
    } else if (params->function == MN_UNARY_HARD_SWISH) {
        const float fine = 1.0f / 128 * in, factor = 3.0f / 32768;
        quantize_multiplier_16(fine / out, &params->multiplier[0], &params->shift[0]);
        quantize_multiplier_16(fine / factor, &params->multiplier[1], &params->shift[1]);
    }
}

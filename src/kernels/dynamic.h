/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 activations whose scale is found at run time: what hybrid operators (float activations, 8-bit weights) make of
 * each image or row. Formulas and their source: docs/numerics.md. */
#ifndef MN_KERNELS_DYNAMIC_H
#define MN_KERNELS_DYNAMIC_H

#include "kernels/params.h"

#include <math.h>

/** real = scale * (stored - zero). */
typedef struct mn_dynamic {
    float scale, inverse;
    int32_t zero, lowest; /* 0 and -127, or asymmetric: zero in [-128, 127] and -128 */
} mn_dynamic;

/** The scale and zero point for values of [low, high]. Asymmetric ranges are widened to hold zero. */
static inline mn_dynamic mn_dynamic_of(float low, float high, bool asymmetric) {
    mn_dynamic d = {.scale = 1, .lowest = asymmetric ? -128 : -127};
    if (!asymmetric) {
        const float magnitude = fabsf(low) < fabsf(high) ? fabsf(high) : fabsf(low);
        if (magnitude == 0) return d;
        d.scale = magnitude / 127.0f;
        d.inverse = 127.0f / magnitude;
        return d;
    }
    const float least = low < 0 ? low : 0, most = high > 0 ? high : 0;
    if (least == most) return d;
    const float span = most - least;
    const double scale = (double)span / 255.0;
    const double below = (double)least / scale, above = (double)most / scale;
    const double zero = 128.0 + fabs(below) < 127.0 + fabs(above) ? -128.0 - below : 127.0 - above;
    d.scale = (float)scale;
    d.inverse = d.scale == 0 ? 0 : 1.0f / d.scale;
    d.zero = !(zero > -128) ? -128 : zero >= 127 ? 127 : (int32_t)round(zero);
    return d;
}

/** The stored value of `x`, halves rounded away from zero before the zero point is added; NaN becomes the lowest. */
static inline int8_t mn_dynamic_store(const mn_dynamic *d, float x) {
    const float units = x * d->inverse, low = (float)(d->lowest - d->zero), high = (float)(127 - d->zero);
    const float at_least = units > low ? units : low;
    const float inside = at_least < high ? at_least : high;
    const int32_t whole = (int32_t)inside;
    const float rest = inside - (float)whole;
    return (int8_t)(whole + (rest >= 0.5f) - (rest <= -0.5f) + d->zero);
}

/** The float result of a convolution's accumulator, before bias and clamp (TFLite multiplies in this order). */
static inline float mn_hybrid_conv_real(const mn_hybrid_conv_params *p, const mn_dynamic *d, int32_t acc, int32_t c) {
    if (!p->asymmetric || p->depthwise) {
        const float scale = p->scale[c] * d->scale;
        return (float)acc * scale;
    }
    const float weighted = (float)acc * p->scale[c];
    return weighted * d->scale;
}

#endif

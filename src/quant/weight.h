/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How one weight or bias is stored in 8 or 32 bits: for the scheme, and for training that imitates it. */
#ifndef MN_QUANT_WEIGHT_H
#define MN_QUANT_WEIGHT_H

#include <math.h>

#define MN_LARGEST_WEIGHT 127.0f

/** Room for biases left by sums of products: |bias| stays within a quarter of int32. */
#define MN_LARGEST_BIAS 536870912.0

/** The scale with which the largest weight takes the largest stored value. `largest` is a magnitude; without any
 *  weights the scale is that of a weight of 1. */
static inline float mn_weight_scale(float largest) { return (largest >= 1e-20f ? largest : 1) / MN_LARGEST_WEIGHT; }

/** The scale, widened where the bias would not fit into int32 at input scale x weight scale. */
static inline float mn_weight_scale_for(float scale, float bias, float input_scale) {
    double needed = fabs((double)bias) / (MN_LARGEST_BIAS * (double)input_scale);
    return (double)scale >= needed ? scale : nextafterf((float)needed, INFINITY);
}

/** What is stored, a whole number. */
static inline float mn_weight_units(float weight, float scale) {
    return fminf(fmaxf(roundf(weight / scale), -MN_LARGEST_WEIGHT), MN_LARGEST_WEIGHT);
}

static inline double mn_bias_units(float bias, float input_scale, float weight_scale) {
    return round((double)bias / ((double)input_scale * (double)weight_scale));
}

#endif

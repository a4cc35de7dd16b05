/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Functions of floats in loops that compilers vectorise: each tier compiles them for its own vectors. */
#ifndef MN_KERNELS_PORTABLE_UNARY_H
#define MN_KERNELS_PORTABLE_UNARY_H

#include "kernels/ref/ref.h"

#include <string.h>

#define MN_EACH_VALUE static inline __attribute__((always_inline))

/** HARD_SWISH, LEAKY_RELU and SQUARE, with the reference's bits; false for other functions. */
MN_EACH_VALUE bool mn_unary_plain(const mn_unary_params *p, const float *restrict in, float *restrict out,
                                  int32_t count) {
    const float alpha = p->alpha;
    switch (p->function) {
    case MN_UNARY_HARD_SWISH:
        for (int32_t i = 0; i < count; i++) {
            const float x = in[i], above = 0 < x + 3 ? x + 3 : 0;
            out[i] = x * (above < 6 ? above : 6) / 6;
        }
        return true;
    case MN_UNARY_LEAKY_RELU:
        for (int32_t i = 0; i < count; i++) {
            const float below = in[i] * alpha;
            out[i] = in[i] > 0 ? in[i] : below;
        }
        return true;
    case MN_UNARY_SQUARE:
        for (int32_t i = 0; i < count; i++) out[i] = in[i] * in[i];
        return true;
    default: return false;
    }
}

/** e^x for |x| <= 87, to 2 units in the last place: 2^n e^r with |r| <= log(2) / 2, and e^r by its Taylor series to
 * r^7. NaN stays. */
MN_EACH_VALUE float mn_exp_near(float x) {
    const float shifter = 12582912; /* 1.5 * 2^23: a sum with it has the rounded x in its lowest bits */
    const float shifted = x * 1.44269504f + shifter, n = shifted - shifter;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f; /* log(2) in two parts, the first of few bits */
    float e = 1.0f / 5040, power;
    uint32_t bits;
    e = e * r + 1.0f / 720;
    e = e * r + 1.0f / 120;
    e = e * r + 1.0f / 24;
    e = e * r + 1.0f / 6;
    e = e * r + 0.5f;
    e = e * r * r + r + 1;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127) << 23;
    memcpy(&power, &bits, sizeof power);
    return e * power;
}

/** LOGISTIC within 1e-6 of the reference. Beyond 87 the result is 1, or below 2^-125. */
MN_EACH_VALUE void mn_logistic_near(const float *restrict in, float *restrict out, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        const float most = in[i] > 87 ? 87 : in[i], x = most < -87 ? -87 : most;
        out[i] = 1 / (1 + mn_exp_near(-x));
    }
}

MN_EACH_VALUE void mn_unary_near(const mn_task *task, int32_t begin, int32_t end) {
    const mn_unary_params *p = task->params;
    const float *in = (const float *)task->inputs[0] + begin;
    float *out = (float *)task->output + begin;
    if (p->function == MN_UNARY_LOGISTIC) {
        mn_logistic_near(in, out, end - begin);
    } else if (!mn_unary_plain(p, in, out, end - begin)) {
        mn_unary_f32_ref(task, begin, end);
    }
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

#include <float.h>

void mn_softmax_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_softmax_params *p = task->params;
    for (int32_t row = begin; row < end; row++) {
        const float *in = (const float *)task->inputs[0] + (size_t)row * (size_t)p->depth;
        float *out = (float *)task->output + (size_t)row * (size_t)p->depth;
        float most = -FLT_MAX;
        for (int32_t c = 0; c < p->depth; c++) most = most < in[c] ? in[c] : most;
        float sum = 0;
        for (int32_t c = 0; c < p->depth; c++) {
            out[c] = expf((in[c] - most) * p->beta);
            sum += out[c];
        }
        for (int32_t c = 0; c < p->depth; c++) out[c] /= sum;
    }
}

/* Fixed-point numbers below are named by their format: q0 is Q0.31, q2 is Q2.29, q5 is Q5.26. One in Q0.31 is
 * INT32_MAX. */

/** exp(a) in q0 for a (q0) in [-1/4, 0): Taylor series of degree 4 around -1/8. */
static int32_t exp_near_zero(int32_t a) {
    const int32_t exp_minus_eighth = 1895147668, third = 715827883;
    const int32_t x = a + (1 << 28);
    const int32_t x2 = mn_high_mul(x, x);
    const int32_t x3 = mn_high_mul(x2, x);
    const int32_t x4 = mn_high_mul(x2, x2);
    const int32_t tail = mn_round_shift(mn_high_mul(mn_round_shift(x4, 2) + x3, third) + x2, 1);
    return exp_minus_eighth + mn_high_mul(exp_minus_eighth, x + tail);
}

/** exp(a) in q0 for a (q5) <= 0: the fraction of a below a quarter, then one factor for each set bit above. */
static int32_t exp_not_positive(int32_t a) {
    /* exp(-2^k) in q0, k = -2 .. 4 */
    static const int32_t factor[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t quarter = 1 << 24;
    if (a == 0) return INT32_MAX;
    const int32_t fraction = (a & (quarter - 1)) - quarter;
    const int32_t quarters = fraction - a;
    int32_t result = exp_near_zero(mn_saturating_shift(fraction, 5));
    for (int32_t i = 0; i < 7; i++) {
        if ((quarters & (quarter << i)) != 0) result = mn_high_mul(result, factor[i]);
    }
    return result;
}

int32_t mn_reciprocal_of_one_plus(int32_t a) {
    const int32_t two_q2_48_over_17 = 1515870810, two_q2_minus_32_over_17 = -1010580540, one_q2 = 1 << 29;
    const int32_t half = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2);
    int32_t x = two_q2_48_over_17 + mn_high_mul(half, two_q2_minus_32_over_17);
    for (int i = 0; i < 3; i++) {
        x += mn_saturating_shift(mn_high_mul(x, one_q2 - mn_high_mul(half, x)), 2);
    }
    return mn_saturating_shift(x, 1);
}

int32_t mn_softmax_exp(const mn_softmax_params *p, int32_t difference) {
    if (difference < p->diff_min) return 0;
    return exp_not_positive(mn_requantize(difference, p->multiplier, p->shift));
}

mn_softmax_factor mn_softmax_factor_of(int64_t sum) {
    /* sum = (1 + a) * 2^whole * 2^19; the row's largest element alone makes it at least 1 */
    int32_t whole = 0;
    while (sum >> (whole + 20) != 0) whole++;
    return (mn_softmax_factor){.reciprocal =
                                   mn_reciprocal_of_one_plus((int32_t)(((sum << 12) >> whole) - (INT64_C(1) << 31))),
                               .shift = whole + 23};
}

static void softmax_row(const mn_softmax_params *p, const uint8_t *in, uint8_t *out, int32_t sign) {
    const mn_range_i32 range = mn_sign_range(sign);
    int32_t most = range.min;
    for (int32_t c = 0; c < p->depth; c++) most = mn_max_i32(most, mn_stored(in[c], sign));
    int64_t sum = 0;
    for (int32_t c = 0; c < p->depth; c++) {
        sum += mn_softmax_round(mn_softmax_exp(p, mn_stored(in[c], sign) - most));
    }
    const mn_softmax_factor factor = mn_softmax_factor_of(sum);
    for (int32_t c = 0; c < p->depth; c++) {
        const int32_t e = mn_softmax_exp(p, mn_stored(in[c], sign) - most);
        out[c] = (uint8_t)mn_min_i32(mn_softmax_probability(factor, e) + range.min, range.max);
    }
}

static void softmax_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_softmax_params *p = task->params;
    for (int32_t row = begin; row < end; row++) {
        const size_t offset = (size_t)row * (size_t)p->depth;
        softmax_row(p, (const uint8_t *)task->inputs[0] + offset, (uint8_t *)task->output + offset, sign);
    }
}

void mn_softmax_i8_ref(const mn_task *task, int32_t begin, int32_t end) { softmax_8bit(task, begin, end, MN_SIGN_I8); }

void mn_softmax_u8_ref(const mn_task *task, int32_t begin, int32_t end) { softmax_8bit(task, begin, end, MN_SIGN_U8); }

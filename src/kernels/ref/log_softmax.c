/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

#include <float.h>

void mn_log_softmax_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_softmax_params *p = task->params;
    for (int32_t row = begin; row < end; row++) {
        const float *in = (const float *)task->inputs[0] + (size_t)row * (size_t)p->depth;
        float *out = (float *)task->output + (size_t)row * (size_t)p->depth;
        float most = -FLT_MAX, sum = 0;
        for (int32_t c = 0; c < p->depth; c++) most = most < in[c] ? in[c] : most;
        for (int32_t c = 0; c < p->depth; c++) sum += expf(in[c] - most);
        const float log_sum = logf(sum);
        for (int32_t c = 0; c < p->depth; c++) out[c] = in[c] - most - log_sum;
    }
}

/* Fixed-point numbers below are named by their format, as in softmax.c: q0 is Q0.31, q6 is Q6.25, q12 is Q12.19. */

static int32_t leading_zeros(int32_t x) {
    int32_t n = 0;
    for (uint32_t bits = (uint32_t)x; n < 32 && bits < UINT32_C(1) << 31; bits <<= 1) n++;
    return n;
}

/** A power of two (q6) that has been moved a quarter. */
static int32_t power_q6(int32_t exponent, int32_t quarter) {
    return mn_saturating_shift(mn_saturating_shift(exponent, 25) + quarter, 0);
}

/** log(r) in q0 for r (q0) near sqrt(sqrt(1/2)): a rational function of r. */
static int32_t log_near_root(int32_t r) {
    const int32_t root_root_half = 1805811301, alpha_n = 117049297, alpha_d = 127690142;
    const int32_t alpha_i = 1057819769, alpha_f = 638450708;
    const int32_t p = (int32_t)(((int64_t)r + root_root_half + 1) / 2), q = 2 * (r - root_root_half);
    const int32_t square = mn_high_mul(q, q);
    const int32_t above = mn_high_mul(q, r) + mn_high_mul(mn_high_mul(q, square), alpha_n);
    const int32_t below = mn_high_mul(p, alpha_i + q + mn_high_mul(alpha_d, square)) + mn_high_mul(alpha_f, q);
    return mn_high_mul(mn_round_shift(above, 6), mn_reciprocal_of_one_plus(below)); /* q6 */
}

/** log(x) in Q5.26 of a sum of exponentials (q12), which is 1 at least. */
static int32_t log_of_sum(int32_t x) {
    const int32_t log_2 = 1488522236, root_half = 1518500250, quarter_q6 = 1 << 23, whole = 12;
    /* x as r * 2^power, with either of two powers: the one that puts r nearer to 2^-1/4. */
    const int32_t zeros = leading_zeros(x), scaled = mn_high_mul(x, root_half), zeros_b = leading_zeros(scaled) - 1;
    const int32_t shifted = mn_saturating_shift(x, zeros - 1);
    const int32_t r_a = mn_saturating_shift(mn_high_mul(shifted, root_half), 1);
    const int32_t r_b = mn_saturating_shift(x, zeros_b);
    const int32_t power_a = power_q6(whole - zeros, quarter_q6), power_b = power_q6(whole - zeros_b, -quarter_q6);
    const int32_t power = mn_max_i32(power_a, power_b);
    return mn_saturating_shift(mn_high_mul(power, log_2) + log_near_root(mn_min_i32(r_a, r_b)), 1);
}

/* The sum has room for 4095 classes that are all the largest; from there on it stays at its limit. */
static int32_t sum_of_exps(const mn_softmax_params *p, const uint8_t *in, int32_t most, int32_t sign) {
    int64_t sum = 0;
    for (int32_t c = 0; c < p->depth; c++) sum += mn_softmax_round(mn_softmax_exp(p, mn_stored(in[c], sign) - most));
    return sum < INT32_MAX ? (int32_t)sum : INT32_MAX;
}

static void log_softmax_row(const mn_softmax_params *p, const uint8_t *in, uint8_t *out, int32_t sign) {
    const mn_range_i32 range = mn_sign_range(sign);
    int32_t most = range.min;
    for (int32_t c = 0; c < p->depth; c++) most = mn_max_i32(most, mn_stored(in[c], sign));
    const int32_t log_sum = log_of_sum(sum_of_exps(p, in, most, sign));
    const int32_t least =
        mn_requantize((int32_t)((uint32_t)log_sum + (UINT32_C(1) << 31)), p->back_multiplier, p->back_shift);
    const int32_t limit = mn_max_i32(p->diff_min - 1, least);
    for (int32_t c = 0; c < p->depth; c++) {
        const int32_t difference = mn_stored(in[c], sign) - most;
        out[c] = (uint8_t)range.min;
        if (difference <= limit) continue;
        const int32_t scaled = mn_requantize(difference, p->multiplier, p->shift);
        const int32_t units = mn_round_shift((int32_t)((uint32_t)scaled - (uint32_t)log_sum), 22);
        out[c] = (uint8_t)mn_clamp_i32(units + range.max, range.min, range.max);
    }
}

static void log_softmax_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_softmax_params *p = task->params;
    for (int32_t row = begin; row < end; row++) {
        const size_t offset = (size_t)row * (size_t)p->depth;
        log_softmax_row(p, (const uint8_t *)task->inputs[0] + offset, (uint8_t *)task->output + offset, sign);
    }
}

void mn_log_softmax_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    log_softmax_8bit(task, begin, end, MN_SIGN_I8);
}

void mn_log_softmax_u8_ref(const mn_task *task, int32_t begin, int32_t end) {
    log_softmax_8bit(task, begin, end, MN_SIGN_U8);
}

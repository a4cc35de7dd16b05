/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

float mn_unary_f32_of(const mn_unary_params *p, float x) {
    switch (p->function) {
    case MN_UNARY_LOGISTIC:
        /* TFLite's bounds: beyond them 1 + exp(-x) is 1 or as good as exp(-x). */
        if (x > 16.619047164916992188f) return 1;
        return x < -9 ? expf(x) : 1 / (1 + expf(-x));
    case MN_UNARY_TANH: return tanhf(x);
    case MN_UNARY_HARD_SWISH: {
        const float above = 0 < x + 3 ? x + 3 : 0;
        return x * (above < 6 ? above : 6) / 6;
    }
    case MN_UNARY_LEAKY_RELU: return x > 0 ? x : x * p->alpha;
    case MN_UNARY_ELU: return x < 0 ? expm1f(x) : x;
    case MN_UNARY_SQUARE: return x * x;
    case MN_UNARY_RSQRT: return 1 / sqrtf(x);
    case MN_UNARY_COUNT: break;
    }
    return x;
}

void mn_unary_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_unary_params *p = task->params;
    const float *in = task->inputs[0];
    float *out = task->output;
    for (int32_t i = begin; i < end; i++) out[i] = mn_unary_f32_of(p, in[i]);
}

/* ---- HARD_SWISH in 16 bits ---------------------------------------------------------------------------- */

static int32_t saturate_16(int64_t x) { return x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : (int32_t)x; }

/** a * b / 2^15, halves upward; no product of two INT16_MIN comes here. */
static int32_t high_mul_16(int32_t a, int32_t b) { return (a * b + (1 << 14)) >> 15; }

/** x / 2^n, halves away from zero. gemmlowp's mask of n bits has only 16, so from 16 on every x gives 1 or -1. */
static int32_t round_shift_16(int32_t x, int32_t n) {
    if (n >= 16) return x < 0 ? -1 : 1;
    return mn_round_shift(x, n);
}

/** The factor of a value on the fine scale: 0 at -3 to 32767 at +3, saturated. */
static int32_t hard_swish_factor(const mn_unary_params *p, int32_t fine) {
    const int32_t left = p->shift[1];
    int32_t x = left > 0 ? saturate_16((int64_t)fine * (INT64_C(1) << (left - 1))) : fine;
    x = high_mul_16(x, p->multiplier[1]);
    if (left > 0) x = saturate_16((int64_t)x * 2);
    if (left < 0) x = round_shift_16(x, -left);
    return (x + (1 << 15)) >> 1;
}

static int32_t hard_swish(const mn_unary_params *p, int32_t value) {
    const int32_t fine = value * (1 << 7);
    const int32_t scaled = high_mul_16(fine, p->multiplier[0]);
    const int32_t product = hard_swish_factor(p, fine) * scaled / (1 << 15); /* toward zero */
    return round_shift_16(product, -p->shift[0]) + p->out_zero;
}

/* ---- RSQRT in fixed point ------------------------------------------------------------------------------ */

/** Of values up to zero, which the reference refuses as it meets them, and of zero: the largest. */
static int32_t inverse_root_8bit(const mn_unary_params *p, int32_t value) {
    enum { MORE = 20 };
    int32_t shift;
    if (value <= 0) return INT16_MAX;
    const int32_t root = mn_inverse_root(value, &shift);
    const int32_t fine = mn_requantize(1, root, shift + MORE);
    return mn_wrap_add(mn_requantize(fine, p->multiplier[0], p->shift[0] - MORE), p->out_zero);
}

/* ---- 8 bits ------------------------------------------------------------------------------------------- */

static uint8_t unary_8bit_of(const mn_unary_params *p, uint8_t byte, int32_t sign) {
    const mn_range_i32 range = mn_sign_range(sign);
    const int32_t value = mn_stored(byte, sign) - p->in_zero;
    if (p->function == MN_UNARY_HARD_SWISH) return (uint8_t)mn_clamp_i32(hard_swish(p, value), range.min, range.max);
    if (p->function == MN_UNARY_RSQRT) {
        return (uint8_t)mn_clamp_i32(inverse_root_8bit(p, value), range.min, range.max);
    }
    if (p->function == MN_UNARY_LEAKY_RELU) {
        const int below = value < 0;
        return (uint8_t)mn_store_i32(value, p->multiplier[below], p->shift[below], p->out_zero, range);
    }
    const float inverse = 1 / p->out_scale;
    const float units = mn_unary_f32_of(p, p->in_scale * (float)value) * inverse;
    return (uint8_t)mn_store_real((double)units, p->out_zero, range);
}

static void unary_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const uint8_t *in = task->inputs[0];
    uint8_t *out = task->output;
    for (int32_t i = begin; i < end; i++) out[i] = unary_8bit_of(task->params, in[i], sign);
}

void mn_unary_i8_ref(const mn_task *task, int32_t begin, int32_t end) { unary_8bit(task, begin, end, MN_SIGN_I8); }

void mn_unary_u8_ref(const mn_task *task, int32_t begin, int32_t end) { unary_8bit(task, begin, end, MN_SIGN_U8); }

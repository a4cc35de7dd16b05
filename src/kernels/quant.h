/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The arithmetic of quantised operators: from scales to integer multipliers once per model, from accumulators to stored
 * values at run time. Formulas and their sources: docs/numerics.md. */
#ifndef MN_KERNELS_QUANT_H
#define MN_KERNELS_QUANT_H

#include "base/checked.h"
#include "kernels/params.h"

#include <math.h>

/* ---- Run time ---------------------------------------------------------------------------------------- */

/** a + b modulo 2^32: what the reference's accumulators do when a model drives them out of range. */
static inline int32_t mn_wrap_add(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

/** a * b / 2^31, halves rounded upward: gemmlowp's SaturatingRoundingDoublingHighMul. */
static inline int32_t mn_high_mul(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/** x / 2^n, halves rounded away from zero, n in [0, 62]: gemmlowp's RoundingDivideByPOT. */
static inline int32_t mn_round_shift(int32_t x, int32_t n) {
    if (n == 0) return x;
    return (int32_t)((x + (INT64_C(1) << (n - 1)) - (x < 0)) >> n);
}

/** x * multiplier / 2^31 * 2^shift with both roundings; shift in [-31, 31]: TFLite's MultiplyByQuantizedMultiplier. */
static inline int32_t mn_requantize(int32_t x, int32_t multiplier, int32_t shift) {
    if (shift > 0) return mn_high_mul((int32_t)((uint32_t)x << shift), multiplier);
    return mn_round_shift(mn_high_mul(x, multiplier), -shift);
}

/** The same of the 64-bit sums of int16, with a multiplier rounded to 16 bits and one rounding, halves upward. TFLite
 *  takes shifts below 8; others follow the formula modulo 2^64. */
static inline int32_t mn_requantize_64(int64_t x, int32_t multiplier, int32_t shift) {
    const int32_t reduced = multiplier < 0x7fff0000 ? (multiplier + (1 << 15)) >> 16 : 0x7fff;
    const int32_t right = 15 - shift;
    const uint64_t product = (uint64_t)x * (uint64_t)reduced;
    if (right <= 0) return (int32_t)(uint32_t)(product << -right);
    return (int32_t)(uint32_t)((int64_t)(product + (UINT64_C(1) << (right - 1))) >> right);
}

/** The stored value of an accumulator. */
static inline int32_t mn_store_i32(int32_t acc, int32_t multiplier, int32_t shift, int32_t zero, mn_range_i32 range) {
    return mn_clamp_i32(mn_wrap_add(mn_requantize(acc, multiplier, shift), zero), range.min, range.max);
}

/** The stored value of `units` (a real value over its scale), halves rounded away from zero; NaN gives range.min. */
static inline int32_t mn_store_real(double units, int32_t zero, mn_range_i32 range) {
    double stored = round(units) + zero;
    if (!(stored > range.min)) return range.min;
    return stored < range.max ? (int32_t)stored : range.max;
}

/** TFLite's ActivationFunctionWithMinMax on floats; NaN stays. */
static inline float mn_clamp_f32(float x, mn_range_f32 range) {
    float at_least = x < range.min ? range.min : x;
    return range.max < at_least ? range.max : at_least;
}

/* ---- Once per model ---------------------------------------------------------------------------------- */

/** real = multiplier / 2^31 * 2^shift, for real >= 0. Below 2^-32: 0; from 2^31: the largest pair. */
void mn_quantize_multiplier(double real, int32_t *multiplier, int32_t *shift);

/** [-128, 127], [0, 255] or [-32768, 32767]. */
mn_range_i32 mn_type_range(mn_type type);

/** The clamp of a fused activation in stored units; `range` is the float clamp, FLT_MAX and -FLT_MAX no bound. */
mn_range_i32 mn_quant_range(mn_range_f32 range, mn_type type, float scale, int32_t zero);

/** CONV and DEPTHWISE: one multiplier and shift for each of `channels`; `weight` holds `weight_count` scales, 1 or
 *  `channels`. */
void mn_quant_conv(mn_type type, float in, const float *weight, int32_t weight_count, float out, int32_t channels,
                   int32_t *multiplier, int32_t *shift);

/** FULLY_CONNECTED: one factor for each of `channels`. */
void mn_quant_fully_connected(float in, const float *weight, int32_t weight_count, float out, int32_t channels,
                              double *scale);

/** ADD and SUB, MUL: the multipliers and shifts in `params`. */
void mn_quant_add(float in0, float in1, float out, mn_binary_params *params);
void mn_quant_mul(float in0, float in1, float out, mn_binary_params *params);

/** PRELU: the multipliers and shifts in `params`, from 0 on in[0]'s, below out's. */
void mn_quant_prelu(float in, float slope, float out, mn_binary_params *params);

/** ADD and SUB of int16. */
void mn_quant_add_16(float in0, float in1, float out, mn_binary_params *params);

/** Left shift of ADD's operands before they are rescaled to a common scale; of 8 bits and of int16. */
enum { MN_ADD_SHIFT = 20, MN_ADD_SHIFT_16 = 15 };

/** MEAN of `count` elements. */
void mn_quant_mean(float in, float out, int32_t count, int32_t *multiplier, int32_t *shift);

/** SOFTMAX and LOG_SOFTMAX: multipliers, shifts and diff_min of `params`. */
void mn_quant_softmax(float beta, float in, mn_softmax_params *params);

/** SOFTMAX of int16: multiplier and shift; and its two tables of MN_TABLE_16 entries. */
enum { MN_TABLE_16 = 513 };
void mn_quant_softmax_16(float beta, float in, mn_softmax_params *params);
void mn_quant_softmax_tables(int16_t *exp_table, int16_t *reciprocal_table);

/** QUANTIZE between integers, and CLAMP: the ratio of scales, in double and in float as the reference has it. */
void mn_quant_quantize(float in, float out, int32_t *multiplier, int32_t *shift);
void mn_quant_clamp(float in, float out, int32_t *multiplier, int32_t *shift);

/** UNARY: scales, zero points, multipliers and shifts of `params`, whose function and alpha are set. */
void mn_quant_unary(float in, int32_t in_zero, float out, int32_t out_zero, mn_unary_params *params);

/** LOGISTIC, TANH and LEAKY_RELU of int16: multipliers and shifts; and the first two's table of MN_SIGMOID entries. */
enum { MN_SIGMOID = 256 };
void mn_quant_unary_16(float in, float out, mn_unary_params *params);
void mn_quant_sigmoid_table(uint16_t *table);

/** log2 of `x`, rounded, and whether `x` is that power of two, but for a thousandth (TFLite's CheckedLog2). */
bool mn_quant_log2(float x, int32_t *out);

#endif

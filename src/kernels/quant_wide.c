/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What operators on int16 need once per model. Formulas and their sources: docs/numerics.md. */
#include "kernels/quant.h"

bool mn_quant_log2(float x, int32_t *out) {
    const float log2_of = logf(x) * (1.0f / logf(2.0f)), whole = roundf(log2_of);
    *out = (int32_t)whole;
    return fabsf(log2_of - whole) < 1e-3f;
}

/* ---- Tables ------------------------------------------------------------------------------------------- */

typedef double curve(double x);

static double reciprocal_of_one_plus(double x) { return 1.0 / (1.0 + x); }

static double logistic(double x) { return 1.0 / (1.0 + exp(-x)); }

static int16_t saturate(double x) { return (int16_t)(x < INT16_MIN ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x); }

/* LUTPopulateInt16 in internal/common.h: `f` over [low, high] at 513 points, where the results' steps are 2 / 65535.
 * Half of what a straight line would miss in the middle of each stretch is taken off its beginning. */
static void fill_table(curve *f, double low, double high, int16_t *table) {
    const int32_t steps = MN_TABLE_16 - 1;
    const double step = (high - low) / steps, half = step / 2;
    const double out_scale = 2.0 / 65535, units = 65536 / (out_scale * 32767 - out_scale * -32768);
    for (int32_t i = 0; i < steps; i++) {
        const double here = f(low + i * step), middle = f(low + i * step + half), next = f(low + (i + 1) * step);
        const double line = round((next * units + round(here * units)) / 2);
        const double missed = line - round(middle * units);
        table[i] = saturate(round(here * units) - round(missed / 2));
    }
    table[steps] = saturate(round(f(high) * units));
}

void mn_quant_softmax_tables(int16_t *exp_table, int16_t *reciprocal_table) {
    const double exp_scale = 10.0 / 65535, reciprocal_scale = 1.0 / 65535;
    fill_table(exp, exp_scale * -65535, exp_scale * 0, exp_table);
    fill_table(reciprocal_of_one_plus, reciprocal_scale * 0, reciprocal_scale * 65535, reciprocal_table);
}

/* sigmoid_table_uint16 in internal/common.h is made in the same way; its last entry is the largest number. */
void mn_quant_sigmoid_table(uint16_t *table) {
    for (int32_t i = 0; i < MN_SIGMOID; i++) {
        const double here = logistic(i / 24.0), middle = logistic((i + 0.5) / 24), next = logistic((i + 1) / 24.0);
        const double missed = (here + next) / 2 - middle;
        table[i] = (uint16_t)round(65536 * (here - missed / 2));
    }
    table[MN_SIGMOID - 1] = UINT16_MAX;
}

/* ---- Multipliers -------------------------------------------------------------------------------------- */

void mn_quant_softmax_16(float beta, float in, mn_softmax_params *params) {
    const float scale = in * beta;
    mn_quantize_multiplier((double)scale / (10.0 / 65535.0), &params->multiplier, &params->shift);
}

/* SigmoidPrepare and TanhPrepare in activations.cc: exact where the input's scale is 2^-12 (TANH: or 2^-11). */
static void finer_units(float in, mn_unary_params *params) {
    int32_t log2_of;
    const bool power = mn_quant_log2(in, &log2_of);
    params->shift[0] = 0;
    if (power && (log2_of == -12 || (log2_of == -11 && params->function == MN_UNARY_TANH))) {
        params->multiplier[0] = 3 * (1 << (12 + log2_of));
        return;
    }
    double multiplier = (double)in * 4096.0 * 3.0;
    while (multiplier <= 32767.0 / 2.0 && params->shift[0] <= 30) {
        params->shift[0]++;
        multiplier *= 2.0;
    }
    params->multiplier[0] = multiplier < 2147483647.0 ? (int32_t)multiplier : INT32_MAX;
}

void mn_quant_unary_16(float in, float out, mn_unary_params *params) {
    if (params->function == MN_UNARY_LEAKY_RELU) {
        mn_quant_unary(in, 0, out, 0, params);
    } else {
        finer_units(in, params);
    }
}

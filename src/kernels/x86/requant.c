/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/x86/requant.h"

#include <math.h>

#include "base/checked.h"

bool mn_requant_fits(const int32_t *shift, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (shift[i] > 0) return false;
    }
    return true;
}

/* Accumulators up to here are floats exactly. */
#define EXACT_FLOAT 16777216.0

/* Half a unit in the last place of a float in [64, 128): how far rounding can move a result towards a tie. */
#define MARGIN 0x1p-18

/* The offsets `db` for which every threshold falls right, given the scale error `ds`: an open interval. */
typedef struct interval {
    double low, high;
} interval;

/* Let S = multiplier / 2^bits. Exact results reach j from the accumulator T(j) on, the first with
 *   T * multiplier >= j * 2^bits - 2^(bits-1) - 2^30 (the second roundings' halves; without it when bits is 31).
 * With R = T * multiplier minus the right side, R in [0, multiplier), the float result
 *   T * (S + ds) + (1/2 terms) + db lies R / 2^bits + T ds + db above its own threshold j - 1/2,
 * and one accumulator earlier (multiplier - R) / 2^bits below it. Both distances must exceed MARGIN. T and R advance
 * from j to j+1 by division with remainder: all quantities are integers below 2^53, so doubles are exact. */
static interval feasible(int32_t multiplier, int32_t bits, int32_t count, double ds) {
    const double unit = ldexp(1.0, bits), inverse = ldexp(1.0, -bits), m = multiplier;
    const double first = bits > 31 ? unit / 2 - 0x1p30 : unit - 0x1p30;
    const double quotient = floor(unit / m), remainder = unit - quotient * m;
    double t = ceil(first / m), r = t * m - first;
    interval in = {-1.0, 1.0};
    for (int32_t j = 1; j <= count; j++) {
        double low = MARGIN - r * inverse - t * ds;
        double high = (m - r) * inverse - (t - 1) * ds - MARGIN;
        if (low > in.low) in.low = low;
        if (high < in.high) in.high = high;
        t += quotient;
        r -= remainder;
        if (r < 0) {
            r += m;
            t += 1;
        }
    }
    if (t >= EXACT_FLOAT) in.high = in.low;
    return in;
}

/* A float pair for results zero + 1 to zero + count, tried with the nearest scales; false when there is none. */
static bool find_pair(int32_t multiplier, int32_t bits, int32_t zero, int32_t count, float *scale, float *offset) {
    if (multiplier == 0) { /* every result is the zero point */
        *scale = 0.0f;
        *offset = (float)zero;
        return true;
    }
    const double exact = ldexp((double)multiplier, -bits);
    const double ideal = zero + (bits > 31 ? ldexp(1.0, 30 - bits) : 0.0);
    float candidates[3] = {(float)exact};
    candidates[1] = nextafterf(candidates[0], INFINITY);
    candidates[2] = nextafterf(candidates[0], 0.0f);
    for (int32_t i = 0; i < 3; i++) {
        interval in = feasible(multiplier, bits, count, (double)candidates[i] - exact);
        if (in.low >= in.high) continue;
        *scale = candidates[i];
        *offset = (float)(ideal + (in.low + in.high) / 2);
        double db = (double)*offset - ideal;
        if (db > in.low && db < in.high) return true;
    }
    return false;
}

/* The integer constants of one lane. */
static void fill_lane(mn_requant *out, int32_t lane, int32_t multiplier, int32_t shift) {
    const bool twice = shift < 0; /* the second rounding, away from zero, only when there is a shift */
    const int32_t bits = 31 - shift;
    out->multiplier[lane] = multiplier;
    out->bits[lane] = bits;
    out->rounding[lane % 2][lane / 2] = (INT64_C(1) << 30) + (twice ? INT64_C(1) << (bits - 1) : 0);
    out->negative[lane % 2][lane / 2] = twice ? INT64_C(1) << 31 : 0;
}

void mn_requant_fill_exact(mn_requant *out, int32_t multiplier, int32_t shift, int32_t zero) {
    *out = (mn_requant){.zero = zero};
    for (int32_t i = 0; i < MN_REQUANT_LANES; i++) fill_lane(out, i, multiplier, shift);
}

void mn_requant_fill(mn_requant *out, const int32_t *multiplier, const int32_t *shift, int32_t first, int32_t count,
                     const int32_t *order, int32_t zero, mn_range_i32 range) {
    /* Negative accumulators round the other way; a clamp at the zero point or above hides that. */
    *out = (mn_requant){.zero = zero, .is_float = range.min >= zero};
    for (int32_t i = 0; i < MN_REQUANT_LANES; i++) {
        int32_t channel = mn_min_i32(first + (order ? order[i] : i), count - 1);
        fill_lane(out, i, multiplier[channel], shift[channel]);
        if (out->is_float) {
            out->is_float =
                find_pair(multiplier[channel], out->bits[i], zero, range.max - zero, &out->scale[i], &out->offset[i]);
        }
    }
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/x86/requant.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <math.h>

#include "base/checked.h"

#define TARGET __attribute__((target("avx2,fma")))

/* Vectors hold FOUR doubles; HALF the lanes are looked at together, so that one vector can wait for itself while the
 * other works. */
enum { LANES = MN_REQUANT_LANES, HALF = LANES / 2, FOUR = 4, VECTORS = HALF / FOUR };

bool mn_requant_fits(const int32_t *shift, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (shift[i] > 0) return false;
    }
    return true;
}

/* Accumulators up to here are floats exactly. */
#define EXACT_FLOAT 16777216.0

/* Products add up to at most 2^30 (MN_Q8_MAX_DEPTH); with biases up to here, sums less their centre do not wrap. */
#define BIAS_MAX (INT32_C(1) << 29)

/* The offsets `db` for which every threshold falls right, given a scale and its error: open intervals. */
typedef struct intervals {
    double low[LANES], high[LANES];
} intervals;

/* How far rounding to a float can move a result that lies near x, |x| <= 128: half a unit in the last place. */
static double rounding_near(double x) {
    int exponent;
    frexp(x, &exponent);
    return ldexp(1.0, exponent - 25);
}

/* Let S = multiplier / 2^bits. Exact results reach j from the accumulator T(j) on, the first with
 *   T * S >= j - 1/2 - 2^(30-bits)   (the halves of both roundings; j - 1/2 when bits is 31).
 * With R = T * S minus the right side, R in [0, S), and a scale of S + ds, the float result at T lies
 * R + (T - centre) ds + db above its own threshold j - 1/2, and one accumulator earlier S + ds minus that below it.
 * Both distances must exceed what rounding can do, so the least and the greatest R + (T - centre) ds bound db. T and R
 * advance from j to j + 1 by a division with remainder; all are integers below 2^53 over 2^bits, which doubles hold
 * exactly. HALF the lanes, from `at` on. */
TARGET static void feasible(const mn_requant *q, const double *ds, int32_t count, int32_t at, intervals *out) {
    double scale[HALF], first[HALF], quotient[HALF], rest[HALF], centre[HALF];
    for (int32_t i = 0; i < HALF; i++) {
        const int32_t bits = q->bits[at + i], multiplier = q->multiplier[at + i];
        const int64_t unit = INT64_C(1) << bits, whole = unit / multiplier;
        scale[i] = ldexp(multiplier, -bits);
        first[i] = 0.5 - (bits > 31 ? ldexp(1.0, 30 - bits) : 0.0);
        quotient[i] = (double)whole;
        rest[i] = ldexp((double)(unit % multiplier), -bits);
        centre[i] = q->centre[at + i];
    }
    const __m256d zero = _mm256_setzero_pd(), one = _mm256_set1_pd(1.0);
    __m256d s[VECTORS], error[VECTORS], step[VECTORS], remainder[VECTORS];
    __m256d t[VECTORS], r[VECTORS], least[VECTORS], most[VECTORS];
    for (int32_t v = 0; v < VECTORS; v++) {
        s[v] = _mm256_loadu_pd(scale + v * FOUR), error[v] = _mm256_loadu_pd(ds + at + v * FOUR);
        step[v] = _mm256_loadu_pd(quotient + v * FOUR), remainder[v] = _mm256_loadu_pd(rest + v * FOUR);
        const __m256d start = _mm256_loadu_pd(first + v * FOUR);
        t[v] = _mm256_ceil_pd(_mm256_div_pd(start, s[v]));
        r[v] = _mm256_sub_pd(_mm256_mul_pd(t[v], s[v]), start);
        t[v] = _mm256_sub_pd(t[v], _mm256_loadu_pd(centre + v * FOUR));
        least[v] = one, most[v] = _mm256_set1_pd(-1.0);
    }
    for (int32_t j = 1; j <= count; j++) {
        const __m256d rounding = _mm256_set1_pd(rounding_near(q->zero + j - 0.5));
        for (int32_t v = 0; v < VECTORS; v++) {
            __m256d place = _mm256_fmadd_pd(t[v], error[v], r[v]);
            least[v] = _mm256_min_pd(least[v], _mm256_sub_pd(place, rounding));
            most[v] = _mm256_max_pd(most[v], _mm256_add_pd(place, rounding));
            r[v] = _mm256_sub_pd(r[v], remainder[v]);
            t[v] = _mm256_add_pd(t[v], step[v]);
            __m256d borrow = _mm256_cmp_pd(r[v], zero, _CMP_LT_OQ);
            r[v] = _mm256_add_pd(r[v], _mm256_and_pd(borrow, s[v]));
            t[v] = _mm256_add_pd(t[v], _mm256_and_pd(borrow, one));
        }
    }
    for (int32_t v = 0; v < VECTORS; v++) {
        _mm256_storeu_pd(out->low + at + v * FOUR, _mm256_sub_pd(zero, least[v]));
        _mm256_storeu_pd(out->high + at + v * FOUR, _mm256_sub_pd(_mm256_add_pd(s[v], error[v]), most[v]));
    }
}

/* The scale of one lane as a real number, and the offset without `db`. */
static double exact_scale(const mn_requant *q, int32_t lane) {
    return ldexp((double)q->multiplier[lane], -q->bits[lane]);
}

static double exact_offset(const mn_requant *q, int32_t lane) {
    return q->zero + (q->bits[lane] > 31 ? ldexp(1.0, 30 - q->bits[lane]) : 0.0) +
           q->centre[lane] * exact_scale(q, lane);
}

/* Takes the offset in the middle of the interval if it is a solution once it is a float. */
static bool take_offset(mn_requant *q, const intervals *in, int32_t lane, float scale) {
    if (in->low[lane] >= in->high[lane]) return false;
    const double ideal = exact_offset(q, lane);
    const float offset = (float)(ideal + (in->low[lane] + in->high[lane]) / 2);
    const double db = (double)offset - ideal;
    if (db <= in->low[lane] || db >= in->high[lane]) return false;
    q->scale[lane] = scale;
    q->offset[lane] = offset;
    return true;
}

/* Subtracting the middle of the accumulators that matter keeps products, and so the effect of a scale that is not
 * exact, small; false when an accumulator that matters is too large to be a float exactly. */
static bool find_centres(mn_requant *q, int32_t count) {
    for (int32_t i = 0; i < LANES; i++) {
        double most = (count + 1) / exact_scale(q, i);
        if (most >= EXACT_FLOAT) return false;
        q->centre[i] = (int32_t)(most / 2);
    }
    return true;
}

/* Float pairs for results zero + 1 to zero + count in every lane, the scale being the nearest float or one of its
 * neighbours; false when a lane has none. */
static bool find_pairs(mn_requant *q, int32_t count) {
    bool found[LANES] = {false};
    int32_t missing = LANES;
    for (int32_t attempt = 0; attempt < 3 && missing > 0; attempt++) {
        float scale[LANES];
        double ds[LANES];
        for (int32_t i = 0; i < LANES; i++) {
            scale[i] = (float)exact_scale(q, i);
            if (attempt > 0) scale[i] = nextafterf(scale[i], attempt == 1 ? INFINITY : 0.0f);
            ds[i] = (double)scale[i] - exact_scale(q, i);
        }
        intervals in;
        for (int32_t at = 0; at < LANES; at += HALF) feasible(q, ds, count, at, &in);
        for (int32_t i = 0; i < LANES; i++) {
            if (found[i] || !take_offset(q, &in, i, scale[i])) continue;
            found[i] = true;
            missing--;
        }
    }
    return missing == 0;
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
    for (int32_t i = 0; i < LANES; i++) fill_lane(out, i, multiplier, shift);
}

mn_requant_lanes mn_requant_lanes_of(int32_t first, int32_t count, const int32_t *order) {
    mn_requant_lanes lanes;
    for (int32_t i = 0; i < LANES; i++) lanes.channel[i] = mn_min_i32(first + (order ? order[i] : i), count - 1);
    return lanes;
}

void mn_requant_fill(mn_requant *out, const mn_requant_lanes *lanes, const int32_t *multiplier, const int32_t *shift,
                     const int32_t *bias, int32_t zero, mn_range_i32 range) {
    *out = (mn_requant){.zero = zero};
    bool usual = true;
    for (int32_t i = 0; i < LANES; i++) {
        const int32_t channel = lanes->channel[i];
        fill_lane(out, i, multiplier[channel], shift[channel]);
        if (multiplier[channel] == 0) usual = false;
        if (bias && (bias[channel] < -BIAS_MAX || bias[channel] > BIAS_MAX)) usual = false;
    }
    /* Negative accumulators round the other way; a clamp at the zero point or above hides that. */
    const int32_t results = range.max - zero;
    out->is_float = usual && range.min >= zero && find_centres(out, results) && find_pairs(out, results);
    for (int32_t i = 0; i < LANES && !out->is_float; i++) out->centre[i] = 0;
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/x86/requant.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#include "base/checked.h"

/* Every processor that these kernels are for has AVX2. */
#define INLINE __attribute__((target("avx2"), always_inline)) static inline
#define TARGET __attribute__((target("avx2")))

enum { LANES = MN_REQUANT_LANES, HALF = LANES / 2 };

bool mn_requant_fits(const int32_t *shift, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (shift[i] > 0) return false;
    }
    return true;
}

/* Products add up to at most 2^30 (MN_Q8_MAX_DEPTH); with biases up to here, sums less their centre do not wrap. */
#define BIAS_MAX (INT32_C(1) << 29)

/* From this scale on accumulators that matter are below 2^20, floats exactly, and tilts are small in units. */
#define SCALE_MIN 0x1p-12

/* Half of all there is in units, taken off so that signed sums do not overflow. */
#define MIDDLE (INT32_C(1) << 30)

/* Scales tried on either side of the nearest float. */
enum { NEIGHBOURS = 2 };

/* Let S = multiplier / 2^bits, and 2^-bits be the unit. Exact results reach zero + j from the accumulator T(j) on, the
 * first with
 *   T S >= j - 1/2 - e,   e = 2^(30-bits), or 0 when bits is 31   (the halves of both roundings).
 * With R(j) = T S minus the right side, R in [0, S), a float scale of S (1 + tilt) and a float offset that is off by
 * db, the float result at T lies place(j) + db above zero + j - 1/2, and that one accumulator earlier lies
 * S (1 + tilt) - place(j) - db below it, where
 *   place(j) = R (1 + tilt) + j tilt + base,   base = -(1/2 + e + centre S) tilt.
 * Both must exceed what rounding to a float can do, so the least and the greatest place bound db. In units R is an
 * integer below the multiplier; each is the one before less 2^bits, modulo the multiplier. Half of the lanes. */
typedef struct rests {
    double unit[HALF], scale[HALF], extra[HALF]; /* 2^-bits, S, e */
    float units[HALF];                           /* 2^bits, in one */
    int32_t multiplier[HALF];
    int32_t first[HALF], step[HALF], step_2[HALF]; /* R(1), R(j) - R(j+1), R(j) - R(j+2), in units */
    /* What a place may be off by, in units: R tilt is left out, at most S 2^-21; rounding tilt and base to units, of at
     * most S 2^-30, moves a place by less than 2^8 of them. */
    int32_t error[HALF];
} rests;

typedef struct tilts {
    float scale[HALF];              /* S (1 + tilt) */
    int32_t tilt[HALF], base[HALF]; /* in units, rounded */
} tilts;

/* Least and greatest place, moved apart by what rounding can do, in units less MIDDLE. */
typedef struct bounds {
    int32_t least[HALF], most[HALF];
} bounds;

/* a - b modulo m, for a and b below m. */
static int32_t minus(int32_t a, int32_t b, int32_t m) { return a < b ? a - b + m : a - b; }

static void find_rests(const mn_requant *q, int32_t at, rests *out) {
    for (int32_t i = 0; i < HALF; i++) {
        const int32_t bits = q->bits[at + i], m = q->multiplier[at + i];
        const int32_t extra = bits > 31 ? INT32_C(1) << 30 : 0;
        const int32_t half = (int32_t)((UINT64_C(1) << (bits - 1)) % (uint32_t)m);
        out->multiplier[i] = m;
        out->first[i] = minus(extra % m, half, m);
        out->step[i] = minus(half, minus(0, half, m), m);
        out->step_2[i] = minus(out->step[i], minus(0, out->step[i], m), m);
        out->unit[i] = 1.0 / (double)(INT64_C(1) << bits);
        out->scale[i] = m * out->unit[i];
        out->extra[i] = extra * out->unit[i];
        out->units[i] = (float)(INT64_C(1) << bits);
        out->error[i] = (m >> 20) + 1;
    }
}

/* The scale that lies `away` floats from the nearest one. */
static void find_tilts(const rests *r, const int32_t *centre, int32_t away, tilts *out) {
    for (int32_t i = 0; i < HALF; i++) {
        union {
            float value;
            int32_t bits;
        } scale = {.value = (float)r->scale[i]};
        scale.bits += away;
        const double tilt = (scale.value - r->scale[i]) / r->scale[i];
        const double base = -tilt * (0.5 + r->extra[i] + centre[i] * r->scale[i]);
        out->scale[i] = scale.value;
        out->tilt[i] = (int32_t)(tilt / r->unit[i]);
        out->base[i] = (int32_t)(base / r->unit[i]);
    }
}

INLINE __m256i load(const int32_t *from) { return _mm256_loadu_si256((const __m256i *)(const void *)from); }
INLINE void store(int32_t *to, __m256i v) { _mm256_storeu_si256((__m256i *)(void *)to, v); }

/* a - b modulo m: what is negative is large without a sign. */
INLINE __m256i vector_minus(__m256i a, __m256i b, __m256i m) {
    __m256i difference = _mm256_sub_epi32(a, b);
    return _mm256_min_epu32(difference, _mm256_add_epi32(difference, m));
}

/* On the way through the places: R(j), j tilt + base - MIDDLE, and the bounds so far. */
typedef struct course {
    __m256i rest, line, least, most;
} course;

/* Passes the places [begin, end), two at a time, because each R waits for the one that it follows from. */
INLINE void pass(course *c, const rests *r, __m256i tilt, int32_t begin, int32_t end, float rounding) {
    const __m256i m = load(r->multiplier), step = load(r->step), step_2 = load(r->step_2);
    __m256i least = _mm256_set1_epi32(INT32_MAX), most = _mm256_set1_epi32(INT32_MIN);
    for (; begin + 2 <= end; begin += 2) {
        const __m256i next = vector_minus(c->rest, step, m), next_line = _mm256_add_epi32(c->line, tilt);
        const __m256i place = _mm256_add_epi32(c->rest, c->line), next_place = _mm256_add_epi32(next, next_line);
        least = _mm256_min_epi32(least, _mm256_min_epi32(place, next_place));
        most = _mm256_max_epi32(most, _mm256_max_epi32(place, next_place));
        c->rest = vector_minus(c->rest, step_2, m);
        c->line = _mm256_add_epi32(next_line, tilt);
    }
    if (begin < end) {
        const __m256i place = _mm256_add_epi32(c->rest, c->line);
        least = _mm256_min_epi32(least, place);
        most = _mm256_max_epi32(most, place);
        c->rest = vector_minus(c->rest, step, m);
        c->line = _mm256_add_epi32(c->line, tilt);
    }
    const __m256 units = _mm256_mul_ps(_mm256_loadu_ps(r->units), _mm256_set1_ps(rounding));
    const __m256i margin = _mm256_add_epi32(_mm256_cvtps_epi32(units), load(r->error));
    c->least = _mm256_min_epi32(c->least, _mm256_sub_epi32(least, margin));
    c->most = _mm256_max_epi32(c->most, _mm256_add_epi32(most, margin));
}

/* Rounding to a float moves a result by up to half a unit in the last place: 2^-18 below 128, half of that below 64. */
TARGET static void find_bounds(const rests *r, const tilts *t, int32_t zero, int32_t count, bounds *found) {
    static const struct {
        int32_t below;
        float rounding;
    } parts[] = {{-64, 0x1p-18f}, {-32, 0x1p-19f}, {32, 0x1p-20f}, {64, 0x1p-19f}, {128, 0x1p-18f}};
    const __m256i tilt = load(t->tilt);
    course c = {.rest = load(r->first),
                .line = _mm256_sub_epi32(_mm256_add_epi32(load(t->base), tilt), _mm256_set1_epi32(MIDDLE)),
                .least = _mm256_set1_epi32(INT32_MAX),
                .most = _mm256_set1_epi32(INT32_MIN)};
    int32_t begin = 1;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const int32_t end = mn_clamp_i32(parts[i].below - zero, 0, count) + 1;
        pass(&c, r, tilt, begin, end, parts[i].rounding);
        begin = end;
    }
    store(found->least, c.least);
    store(found->most, c.most);
}

/* Takes the offset in the middle of those that work, if it does so once it is a float. */
static bool take_offset(mn_requant *q, const rests *r, const tilts *t, const bounds *found, int32_t at, int32_t i) {
    const double low = -((double)found->least[i] + MIDDLE) * r->unit[i];
    const double high = (double)t->scale[i] - ((double)found->most[i] + MIDDLE) * r->unit[i];
    if (low >= high) return false;
    const double ideal = q->zero + r->extra[i] + q->centre[at + i] * r->scale[i];
    const float offset = (float)(ideal + (low + high) / 2);
    const double db = (double)offset - ideal;
    if (db <= low || db >= high) return false;
    q->scale[at + i] = t->scale[i];
    q->offset[at + i] = offset;
    return true;
}

/* Subtracting the middle of the accumulators that matter keeps products, and so the effect of a scale that is not
 * exact, small. */
static bool find_centres(const rests *r, int32_t count, int32_t *centre) {
    for (int32_t i = 0; i < HALF; i++) {
        if (r->scale[i] < SCALE_MIN) return false;
        centre[i] = (int32_t)((count + 1) / r->scale[i] / 2);
    }
    return true;
}

/* Float pairs for results zero + 1 to zero + count in the lanes from `at` on; false when one has none. */
static bool find_pairs(mn_requant *q, int32_t at, int32_t count) {
    rests r;
    find_rests(q, at, &r);
    if (!find_centres(&r, count, q->centre + at)) return false;
    bool done[HALF] = {false};
    int32_t missing = HALF;
    for (int32_t attempt = 0; attempt <= 2 * NEIGHBOURS && missing > 0; attempt++) {
        const int32_t away = attempt % 2 ? (attempt + 1) / 2 : -attempt / 2;
        tilts t;
        bounds found;
        find_tilts(&r, q->centre + at, away, &t);
        find_bounds(&r, &t, q->zero, count, &found);
        for (int32_t i = 0; i < HALF; i++) {
            if (done[i] || !take_offset(q, &r, &t, &found, at, i)) continue;
            done[i] = true;
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
    out->is_float = usual && range.min >= zero && find_pairs(out, 0, results) && find_pairs(out, HALF, results);
    for (int32_t i = 0; i < LANES && !out->is_float; i++) out->centre[i] = 0;
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/x86/requant.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#include "base/checked.h"

/* Every processor that these kernels are for has AVX2 and FMA. */
#define TARGET __attribute__((target("avx2,fma")))
#define INLINE TARGET __attribute__((always_inline)) static inline

enum { LANES = MN_REQUANT_LANES, TRIES = LANES / 2 };

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

/* Let S = multiplier / 2^bits, and 2^-bits be the unit. Exact results reach zero + j from the accumulator T(j) on, the
 * first with
 *   T S >= j - 1/2 - e,   e = 2^(30-bits), or 0 when bits is 31   (the halves of both roundings).
 * With R(j) = T S minus the right side, R in [0, S), a float scale of S (1 + tilt) and a float offset that is off by
 * db, the float result at T lies place(j) + db above zero + j - 1/2, and that one accumulator earlier lies
 * S (1 + tilt) - place(j) - db below it, where
 *   place(j) = R (1 + tilt) + j tilt + base,   base = -(1/2 + e + centre S) tilt.
 * Both must exceed what rounding to a float can do, so the least and the greatest place bound db. In units R is an
 * integer below the multiplier; each is the one before less 2^bits, modulo the multiplier. */
typedef struct rests {
    double units[LANES], unit[LANES];                 /* 2^bits, and its inverse */
    double scale[LANES], extra[LANES], middle[LANES]; /* S, e, centre S */
    int32_t first[LANES], step[LANES], step_2[LANES]; /* R(1), R(j) - R(j+1), R(j) - R(j+2), in units */
} rests;

/* Scales that are tried together: nearest floats of lanes, and their neighbours. */
typedef struct tries {
    int32_t lane[TRIES];
    float scale[TRIES];               /* S (1 + tilt) */
    int32_t tilt[TRIES], base[TRIES]; /* in units, rounded */
    float units[TRIES];
    int32_t multiplier[TRIES], first[TRIES], step[TRIES], step_2[TRIES]; /* of the lane */
    /* What a place may be off by, in units: R tilt is left out, at most S 2^-21; rounding tilt and base to units, of at
     * most S 2^-30, moves a place by less than 2^8 of them. */
    int32_t error[TRIES];
    int32_t least[TRIES], most[TRIES]; /* places, moved apart by what rounding can do, in units less MIDDLE */
} tries;

INLINE __m256i load(const int32_t *from) { return _mm256_loadu_si256((const __m256i *)(const void *)from); }
INLINE void store(int32_t *to, __m256i v) { _mm256_storeu_si256((__m256i *)(void *)to, v); }
INLINE void store_4(int32_t *to, __m128i v) { _mm_storeu_si128((__m128i *)(void *)to, v); }

/* a - b modulo m, for a and b below m: what is negative is large without a sign. */
INLINE __m256i minus(__m256i a, __m256i b, __m256i m) {
    const __m256i difference = _mm256_sub_epi32(a, b);
    return _mm256_min_epu32(difference, _mm256_add_epi32(difference, m));
}

INLINE __m128i minus_4(__m128i a, __m128i b, __m128i m) {
    const __m128i difference = _mm_sub_epi32(a, b);
    return _mm_min_epu32(difference, _mm_add_epi32(difference, m));
}

/* 2^n, n in [-126, 127]. */
INLINE __m256d power(__m128i n) {
    return _mm256_cvtps_pd(_mm_castsi128_ps(_mm_slli_epi32(_mm_add_epi32(n, _mm_set1_epi32(127)), 23)));
}

/* Of four lanes from `at` on. Subtracting the middle of the accumulators that matter keeps products, and so the effect
 * of a scale that is not exact, small. False when a scale is too small. */
INLINE bool find_rests_4(mn_requant *q, int32_t count, int32_t at, rests *out) {
    const __m128i bits = _mm_loadu_si128((const __m128i *)(const void *)(q->bits + at));
    const __m128i m = _mm_loadu_si128((const __m128i *)(const void *)(q->multiplier + at)), none = _mm_setzero_si128();
    const __m256d units = power(bits), unit = power(_mm_sub_epi32(none, bits)), real_m = _mm256_cvtepi32_pd(m);
    /* 2^(bits-1) modulo the multiplier. From SCALE_MIN on the quotient is below 2^13, so that rounding cannot take it
     * across an integer. */
    const __m256d half_units = _mm256_mul_pd(units, _mm256_set1_pd(0.5));
    const __m256d whole = _mm256_floor_pd(_mm256_div_pd(half_units, real_m));
    const __m128i half = _mm256_cvttpd_epi32(_mm256_fnmadd_pd(whole, real_m, half_units));
    const __m128i step = minus_4(half, minus_4(none, half, m), m);
    /* e is 2^30 units, which may be all of the multiplier. */
    const __m128i one = _mm_set1_epi32(INT32_C(1) << 30), has_extra = _mm_cmpgt_epi32(bits, _mm_set1_epi32(31));
    const __m128i extra = _mm_and_si128(has_extra, _mm_and_si128(_mm_cmpgt_epi32(m, one), one));
    store_4(out->first + at, minus_4(extra, half, m));
    store_4(out->step + at, step);
    store_4(out->step_2 + at, minus_4(step, minus_4(none, step, m), m));
    const __m256d scale = _mm256_mul_pd(real_m, unit), mask = _mm256_castsi256_pd(_mm256_cvtepi32_epi64(has_extra));
    const __m256d per_scale = _mm256_div_pd(_mm256_set1_pd((count + 1) / 2.0), scale);
    const __m128i centre = _mm256_cvttpd_epi32(_mm256_min_pd(per_scale, _mm256_set1_pd(0x1p30)));
    store_4(q->centre + at, centre);
    _mm256_storeu_pd(out->units + at, units);
    _mm256_storeu_pd(out->unit + at, unit);
    _mm256_storeu_pd(out->scale + at, scale);
    _mm256_storeu_pd(out->extra + at, _mm256_and_pd(mask, _mm256_mul_pd(unit, _mm256_set1_pd(0x1p30))));
    _mm256_storeu_pd(out->middle + at, _mm256_mul_pd(_mm256_cvtepi32_pd(centre), scale));
    return _mm256_movemask_pd(_mm256_cmp_pd(scale, _mm256_set1_pd(SCALE_MIN), _CMP_LT_OQ)) == 0;
}

TARGET static bool find_rests(mn_requant *q, int32_t count, rests *out) {
    bool large = true;
    for (int32_t at = 0; at < LANES; at += 4) large &= find_rests_4(q, count, at, out);
    return large;
}

/* The scale of `lane` that lies `away` floats from the nearest one; |tilt| is below 2^-21 for up to 3. */
static void set_try(const mn_requant *q, const rests *r, int32_t lane, int32_t away, tries *t, int32_t i) {
    float scale = (float)r->scale[lane];
    int32_t bits;
    memcpy(&bits, &scale, sizeof bits);
    bits += away;
    memcpy(&scale, &bits, sizeof scale);
    const double off = ((double)scale - r->scale[lane]) * r->units[lane]; /* S tilt, in units */
    const double tilt = off / r->scale[lane];
    t->lane[i] = lane;
    t->scale[i] = scale;
    t->tilt[i] = (int32_t)tilt;
    t->base[i] = (int32_t)(-tilt * (0.5 + r->extra[lane] + r->middle[lane]));
    t->units[i] = (float)r->units[lane];
    t->multiplier[i] = q->multiplier[lane];
    t->first[i] = r->first[lane];
    t->step[i] = r->step[lane];
    t->step_2[i] = r->step_2[lane];
    t->error[i] = (q->multiplier[lane] >> 20) + 1;
}

/* On the way through the places: R(j), j tilt + base - MIDDLE, and the bounds so far. */
typedef struct course {
    __m256i rest, line, least, most;
} course;

/* Passes the places [begin, end), two at a time, because each R waits for the one that it follows from. */
INLINE void pass(course *c, const tries *t, int32_t begin, int32_t end, float rounding) {
    const __m256i m = load(t->multiplier), step = load(t->step), step_2 = load(t->step_2), tilt = load(t->tilt);
    __m256i least = _mm256_set1_epi32(INT32_MAX), most = _mm256_set1_epi32(INT32_MIN);
    for (; begin + 2 <= end; begin += 2) {
        const __m256i next = minus(c->rest, step, m), next_line = _mm256_add_epi32(c->line, tilt);
        const __m256i place = _mm256_add_epi32(c->rest, c->line), next_place = _mm256_add_epi32(next, next_line);
        least = _mm256_min_epi32(least, _mm256_min_epi32(place, next_place));
        most = _mm256_max_epi32(most, _mm256_max_epi32(place, next_place));
        c->rest = minus(c->rest, step_2, m);
        c->line = _mm256_add_epi32(next_line, tilt);
    }
    if (begin < end) {
        const __m256i place = _mm256_add_epi32(c->rest, c->line);
        least = _mm256_min_epi32(least, place);
        most = _mm256_max_epi32(most, place);
        c->rest = minus(c->rest, step, m);
        c->line = _mm256_add_epi32(c->line, tilt);
    }
    const __m256 units = _mm256_mul_ps(_mm256_loadu_ps(t->units), _mm256_set1_ps(rounding));
    const __m256i margin = _mm256_add_epi32(_mm256_cvtps_epi32(units), load(t->error));
    c->least = _mm256_min_epi32(c->least, _mm256_sub_epi32(least, margin));
    c->most = _mm256_max_epi32(c->most, _mm256_add_epi32(most, margin));
}

/* Rounding to a float moves a result by up to half a unit in the last place: 2^-18 below 128, half of that below 64. */
TARGET static void find_bounds(int32_t zero, int32_t count, tries *t) {
    static const struct {
        int32_t below;
        float rounding;
    } parts[] = {{-64, 0x1p-18f}, {-32, 0x1p-19f}, {32, 0x1p-20f}, {64, 0x1p-19f}, {128, 0x1p-18f}};
    course c = {.rest = load(t->first),
                .line = _mm256_sub_epi32(_mm256_add_epi32(load(t->base), load(t->tilt)), _mm256_set1_epi32(MIDDLE)),
                .least = _mm256_set1_epi32(INT32_MAX),
                .most = _mm256_set1_epi32(INT32_MIN)};
    int32_t begin = 1;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const int32_t end = mn_clamp_i32(parts[i].below - zero, 0, count) + 1;
        pass(&c, t, begin, end, parts[i].rounding);
        begin = end;
    }
    store(t->least, c.least);
    store(t->most, c.most);
}

/* Takes the offset in the middle of those that work, if it does so once it is a float. */
static bool take_offset(mn_requant *q, const rests *r, const tries *t, int32_t i) {
    const int32_t lane = t->lane[i];
    const double low = -((double)t->least[i] + MIDDLE) * r->unit[lane];
    const double high = (double)t->scale[i] - ((double)t->most[i] + MIDDLE) * r->unit[lane];
    const double ideal = q->zero + r->extra[lane] + r->middle[lane];
    const float offset = (float)(ideal + (low + high) / 2);
    const double db = (double)offset - ideal;
    if (db <= low || db >= high) return false;
    q->scale[lane] = t->scale[i];
    q->offset[lane] = offset;
    return true;
}

/* Tries each lane's nearest float as its scale; `missing` are the lanes for which it does not work. Returns their
 * number. */
static int32_t try_nearest(mn_requant *q, const rests *r, int32_t count, int32_t missing[LANES]) {
    int32_t number = 0;
    for (int32_t at = 0; at < LANES; at += TRIES) {
        tries t;
        for (int32_t i = 0; i < TRIES; i++) set_try(q, r, at + i, 0, &t, i);
        find_bounds(q->zero, count, &t);
        for (int32_t i = 0; i < TRIES; i++) {
            if (!take_offset(q, r, &t, i)) missing[number++] = at + i;
        }
    }
    return number;
}

/* Tries the neighbours of the nearest floats of up to four lanes, as many as go together. */
static bool try_neighbours(mn_requant *q, const rests *r, int32_t count, const int32_t *missing, int32_t number) {
    static const int32_t away[] = {1, -1, 2, -2, 3, -3};
    const int32_t each = mn_min_i32(TRIES / number, (int32_t)(sizeof away / sizeof away[0]));
    tries t;
    for (int32_t i = 0; i < TRIES; i++) {
        const bool used = i < number * each;
        set_try(q, r, missing[used ? i / each : 0], away[used ? i % each : 0], &t, i);
    }
    find_bounds(q->zero, count, &t);
    for (int32_t lane = 0; lane < number; lane++) {
        bool found = false;
        for (int32_t i = 0; i < each && !found; i++) found = take_offset(q, r, &t, lane * each + i);
        if (!found) return false;
    }
    return true;
}

/* Float pairs for results zero + 1 to zero + count in every lane; false when a lane has none. Where many lanes need
 * another scale, hardly ever all of them find one. */
static bool find_pairs(mn_requant *q, int32_t count) {
    rests r;
    int32_t missing[LANES];
    if (!find_rests(q, count, &r)) return false;
    const int32_t number = try_nearest(q, &r, count, missing);
    return number == 0 || (number <= 4 && try_neighbours(q, &r, count, missing, number));
}

/* The integer constants of four even or four odd lanes: the second rounding, away from zero, only when there is a
 * shift. */
INLINE void fill_rounding(__m256i bits, int64_t rounding[4], int64_t negative[4]) {
    const __m256i one = _mm256_set1_epi64x(1), twice = _mm256_cmpgt_epi64(bits, _mm256_set1_epi64x(31));
    const __m256i second = _mm256_and_si256(twice, _mm256_sllv_epi64(one, _mm256_sub_epi64(bits, one)));
    const __m256i both = _mm256_add_epi64(second, _mm256_set1_epi64x(INT64_C(1) << 30));
    _mm256_storeu_si256((__m256i *)(void *)rounding, both);
    _mm256_storeu_si256((__m256i *)(void *)negative, _mm256_and_si256(twice, _mm256_set1_epi64x(INT64_C(1) << 31)));
}

/* The rest of the integer constants; no floats, no patches. */
TARGET static void fill_integers(mn_requant *out, int32_t zero) {
    for (int32_t at = 0; at < LANES; at += 8) {
        const __m256i bits = load(out->bits + at), even = _mm256_and_si256(bits, _mm256_set1_epi64x(UINT32_MAX));
        fill_rounding(even, out->rounding[0] + at / 2, out->negative[0] + at / 2);
        fill_rounding(_mm256_srli_epi64(bits, 32), out->rounding[1] + at / 2, out->negative[1] + at / 2);
    }
    memset(out->centre, 0, sizeof out->centre);
    out->zero = zero;
    out->is_float = out->is_patched = out->is_signed = out->patches = 0;
}

void mn_requant_fill_exact(mn_requant *out, int32_t multiplier, int32_t shift, int32_t zero) {
    for (int32_t i = 0; i < LANES; i++) {
        out->multiplier[i] = multiplier;
        out->bits[i] = 31 - shift;
    }
    fill_integers(out, zero);
}

mn_requant_lanes mn_requant_lanes_of(int32_t first, int32_t count, const int32_t *order) {
    mn_requant_lanes lanes;
    for (int32_t i = 0; i < LANES; i++) lanes.channel[i] = mn_min_i32(first + (order ? order[i] : i), count - 1);
    return lanes;
}

void mn_requant_fill(mn_requant *out, const mn_requant_lanes *lanes, const int32_t *multiplier, const int32_t *shift,
                     const int32_t *bias, int32_t zero, mn_range_i32 range) {
    bool usual = true;
    for (int32_t i = 0; i < LANES; i++) {
        const int32_t channel = lanes->channel[i], start = bias ? bias[channel] : 0;
        out->multiplier[i] = multiplier[channel];
        out->bits[i] = 31 - shift[channel];
        usual &= (multiplier[channel] != 0) & (start >= -BIAS_MAX) & (start <= BIAS_MAX);
    }
    fill_integers(out, zero);
    /* Negative accumulators round the other way; a clamp at the zero point or above hides that. */
    const int32_t results = range.max - zero;
    out->is_float = usual && range.min >= zero && find_pairs(out, results);
    if (!out->is_float) memset(out->centre, 0, sizeof out->centre);
}

#endif

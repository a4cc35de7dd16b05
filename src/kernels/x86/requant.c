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
#define UNROLL _Pragma("GCC unroll 8")

enum { LANES = MN_REQUANT_LANES, CANDIDATES = LANES / 2, ALL_LANES = (1 << LANES) - 1 };

bool mn_requant_fits(const int32_t *shift, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (shift[i] > 0) return false;
    }
    return true;
}

/* Products add up to at most 2^30 (MN_Q8_MAX_DEPTH); with biases up to here, sums less their centre do not wrap. */
#define BIAS_MAX (INT32_C(1) << 29)

/* From this scale on accumulators that matter are below 2^20, floats exactly, and relative errors are small in units.
 */
#define SCALE_MIN 0x1p-12

/* Half of all there is in units, taken off so that signed sums do not overflow. */
#define MIDDLE (INT32_C(1) << 30)

/* Let S = multiplier / 2^bits. Exact results reach zero + j from the threshold T(j) on, the first accumulator with
 *   T S >= j - 1/2 - e,   e = 2^(30-bits), or 0 when bits is 31   (the halves of both roundings).
 * With the remainder R(j) = T S minus the right side, R in [0, S), a float scale of S (1 + r), r its relative error,
 * and a float offset that is off by db, the float result at T lies distance(j) + db above zero + j - 1/2, and that one
 * accumulator earlier lies S (1 + r) - distance(j) - db below it, where
 *   distance(j) = R (1 + r) + j r + base,   base = -(1/2 + e + centre S) r.
 * Both must exceed what rounding to a float can do, so the least and the greatest distance bound db.
 *
 * R(j) is the one before less 1, modulo S; as a fraction of S in 32 bits, that is a subtraction. Distances are computed
 * in units of S / 2^31. */
typedef struct remainders {
    double scale[LANES], inverse[LANES];    /* S and 1 / S */
    double extra[LANES], middle[LANES];     /* e and centre S */
    int32_t first[LANES], decrement[LANES]; /* R(1) and R(j) - R(j+1), fractions */
    int32_t uncertainty[LANES];             /* what fractions may be off by */
} remainders;

/* Scales that are tried together: the floats nearest to those of lanes, and their neighbours. */
typedef struct candidates {
    int32_t lane[CANDIDATES], ulps[CANDIDATES];        /* from the nearest float */
    remainders remainders;                             /* of those lanes */
    float scale[CANDIDATES];                           /* S (1 + r) */
    int32_t scale_error[CANDIDATES], base[CANDIDATES]; /* r and base in units, rounded */
    int32_t least[CANDIDATES],
        most[CANDIDATES]; /* distances, moved apart by what rounding can do, in units less MIDDLE */
    float offset[CANDIDATES];
    int32_t works; /* a bit for each */
} candidates;

INLINE __m256i load(const int32_t *from) { return _mm256_loadu_si256((const __m256i *)(const void *)from); }
INLINE void store(int32_t *to, __m256i v) { _mm256_storeu_si256((__m256i *)(void *)to, v); }
INLINE void store_4(int32_t *to, __m128i v) { _mm_storeu_si128((__m128i *)(void *)to, v); }
INLINE __m128i load_4(const int32_t *from) { return _mm_loadu_si128((const __m128i *)(const void *)from); }

/* a - b modulo m, for a and b below m: what is negative is large without a sign. */
INLINE __m128i minus(__m128i a, __m128i b, __m128i m) {
    const __m128i difference = _mm_sub_epi32(a, b);
    return _mm_min_epu32(difference, _mm_add_epi32(difference, m));
}

/* 2^n, n in [-126, 127]. */
INLINE __m256d power(__m128i n) {
    return _mm256_cvtps_pd(_mm_castsi128_ps(_mm_slli_epi32(_mm_add_epi32(n, _mm_set1_epi32(127)), 23)));
}

/* a / m in 32 bits, a below m, short by at most 2. */
INLINE __m128i fraction(__m128i a, __m256d per_m) {
    const __m256d half = _mm256_mul_pd(_mm256_cvtepi32_pd(a), _mm256_mul_pd(per_m, _mm256_set1_pd(0x1p31)));
    return _mm_slli_epi32(_mm256_cvttpd_epi32(half), 1);
}

/* Of four lanes from `at` on. Subtracting the middle of the accumulators that matter keeps products, and so the effect
 * of a scale that is not exact, small. False when a scale is too small. */
INLINE bool find_remainders_4(mn_requant *q, int32_t count, int32_t at, remainders *out) {
    const __m128i bits = load_4(q->bits + at), m = load_4(q->multiplier + at), none = _mm_setzero_si128();
    const __m256d units = power(bits), unit = power(_mm_sub_epi32(none, bits)), real_m = _mm256_cvtepi32_pd(m);
    const __m256d per_m = _mm256_div_pd(_mm256_set1_pd(1.0), real_m);
    /* 2^(bits-1) modulo the multiplier. From SCALE_MIN on the quotient is below 2^13, so that rounding cannot take it
     * across an integer. */
    const __m256d half_units = _mm256_mul_pd(units, _mm256_set1_pd(0.5));
    const __m256d whole = _mm256_floor_pd(_mm256_div_pd(half_units, real_m));
    const __m128i half = _mm256_cvttpd_epi32(_mm256_fnmadd_pd(whole, real_m, half_units));
    /* e is 2^30 / 2^bits, and 2^30 may be all of the multiplier. */
    const __m128i one = _mm_set1_epi32(INT32_C(1) << 30), has_extra = _mm_cmpgt_epi32(bits, _mm_set1_epi32(31));
    const __m128i extra = _mm_and_si128(has_extra, _mm_and_si128(_mm_cmpgt_epi32(m, one), one));
    store_4(out->first + at, fraction(minus(extra, half, m), per_m));
    store_4(out->decrement + at, fraction(minus(half, minus(none, half, m), m), per_m));
    /* Two for the first and for each of 255 steps, and as much again; nothing where a shift was exact. */
    store_4(out->uncertainty + at, _mm_andnot_si128(_mm_cmpeq_epi32(m, one), _mm_set1_epi32(1024)));
    const __m256d scale = _mm256_mul_pd(real_m, unit), mask = _mm256_castsi256_pd(_mm256_cvtepi32_epi64(has_extra));
    const __m256d inverse = _mm256_mul_pd(per_m, units), half_count = _mm256_set1_pd((count + 1) / 2.0);
    const __m128i centre =
        _mm256_cvttpd_epi32(_mm256_min_pd(_mm256_mul_pd(half_count, inverse), _mm256_set1_pd(0x1p30)));
    store_4(q->centre + at, centre);
    _mm256_storeu_pd(out->scale + at, scale);
    _mm256_storeu_pd(out->inverse + at, inverse);
    _mm256_storeu_pd(out->extra + at, _mm256_and_pd(mask, _mm256_mul_pd(unit, _mm256_set1_pd(0x1p30))));
    _mm256_storeu_pd(out->middle + at, _mm256_mul_pd(_mm256_cvtepi32_pd(centre), scale));
    return _mm256_movemask_pd(_mm256_cmp_pd(scale, _mm256_set1_pd(SCALE_MIN), _CMP_LT_OQ)) == 0;
}

TARGET static bool find_remainders(mn_requant *q, int32_t count, remainders *out) {
    bool large = true;
    for (int32_t at = 0; at < LANES; at += 4) large &= find_remainders_4(q, count, at, out);
    return large;
}

/* Sets up the candidate for `lane` whose scale lies `ulps` from the nearest float; for up to 3 |r| is below 2^-21. */
static void set_candidate(const remainders *r, int32_t lane, int32_t ulps, candidates *set, int32_t i) {
    set->lane[i] = lane;
    set->ulps[i] = ulps;
    set->remainders.scale[i] = r->scale[lane];
    set->remainders.inverse[i] = r->inverse[lane];
    set->remainders.extra[i] = r->extra[lane];
    set->remainders.middle[i] = r->middle[lane];
    set->remainders.first[i] = r->first[lane];
    set->remainders.decrement[i] = r->decrement[lane];
    set->remainders.uncertainty[i] = r->uncertainty[lane];
}

INLINE void set_scales_4(candidates *set, int32_t at) {
    const remainders *r = &set->remainders;
    const __m256d scale = _mm256_loadu_pd(r->scale + at), inverse = _mm256_loadu_pd(r->inverse + at);
    const __m128i nearest = _mm_castps_si128(_mm256_cvtpd_ps(scale));
    const __m128 near = _mm_castsi128_ps(_mm_add_epi32(nearest, load_4(set->ulps + at)));
    const __m256d off = _mm256_mul_pd(_mm256_sub_pd(_mm256_cvtps_pd(near), scale), _mm256_set1_pd(0x1p31));
    const __m256d scale_error = _mm256_mul_pd(_mm256_mul_pd(off, inverse), inverse);
    const __m256d back = _mm256_add_pd(_mm256_loadu_pd(r->extra + at), _mm256_loadu_pd(r->middle + at));
    _mm_storeu_ps(set->scale + at, near);
    store_4(set->scale_error + at, _mm256_cvtpd_epi32(scale_error));
    store_4(set->base + at, _mm256_cvtpd_epi32(_mm256_mul_pd(_mm256_sub_pd(_mm256_setzero_pd(), scale_error),
                                                             _mm256_add_pd(back, _mm256_set1_pd(0.5)))));
}

/* ---- Distances ---------------------------------------------------------------------------------------------- */

/* Distances that are computed together; their lines are taken for that of their middle. They begin where results less
 * 1 are multiples of their number, so that their floats have the same exponent. */
enum { CHUNK = 8 };

/* What a distance may be off by, in units: R r, which is left out, is at most 2^10; fractions are short by 2^9, and
 * halved; r, rounded, adds up to 2^7, and the base and the shift are good for another 2. */
enum { DISTANCE_ERROR = 1 << 11 };

/* Rounding to a float moves a result by up to half a unit in the last place: 2^-18 from 64 on, half of that from 32
 * on, and half of that below. Of results `value` to value + CHUNK - 1, as a power of two less 20. */
static int32_t rounding_of(int32_t value) {
    const int32_t least = value <= -CHUNK ? -(value + CHUNK - 1) : value - 1;
    return least >= 64 ? 2 : least >= 32 ? 1 : 0;
}

/* On the way through the thresholds. */
typedef struct sweep {
    __m256i multiples[CHUNK]; /* of the decrement */
    __m256i remainder, line;  /* of the chunk's first distance, and of its middle */
    __m256i low, high;        /* of all remainders */
    __m256i least, most;
} sweep;

/* Distances [from, to) of a chunk. */
INLINE void sweep_chunk(sweep *c, int32_t from, int32_t to, __m256i margin) {
    __m256i low = _mm256_set1_epi32(-1), high = _mm256_setzero_si256();
    UNROLL for (int32_t i = 0; i < CHUNK; i++) {
        if (i < from || i >= to) continue;
        const __m256i remainder = _mm256_sub_epi32(c->remainder, c->multiples[i]);
        low = _mm256_min_epu32(low, remainder);
        high = _mm256_max_epu32(high, remainder);
    }
    c->low = _mm256_min_epu32(c->low, low);
    c->high = _mm256_max_epu32(c->high, high);
    low = _mm256_add_epi32(_mm256_srli_epi32(low, 1), _mm256_sub_epi32(c->line, margin));
    high = _mm256_add_epi32(_mm256_srli_epi32(high, 1), _mm256_add_epi32(c->line, margin));
    c->least = _mm256_min_epi32(c->least, low);
    c->most = _mm256_max_epi32(c->most, high);
}

/* x rounded to integers, of floats from 8 doubles. */
INLINE __m256i units_of(const double *inverse, double x) {
    const __m256d by = _mm256_set1_pd(x);
    const __m128i low = _mm256_cvtpd_epi32(_mm256_mul_pd(_mm256_loadu_pd(inverse), by));
    const __m128i high = _mm256_cvtpd_epi32(_mm256_mul_pd(_mm256_loadu_pd(inverse + 4), by));
    return _mm256_set_m128i(high, low);
}

TARGET static void find_bounds(int32_t zero, int32_t count, candidates *set) {
    const __m256i decrement = load(set->remainders.decrement), scale_error = load(set->scale_error),
                  uncertainty = load(set->remainders.uncertainty);
    const int32_t begin = 1 - (zero & (CHUNK - 1));
    const __m256i before = _mm256_set1_epi32(1 - begin), all = _mm256_set1_epi32(-1);
    sweep c = {.remainder = _mm256_add_epi32(load(set->remainders.first), _mm256_mullo_epi32(decrement, before)),
               .low = all,
               .high = _mm256_setzero_si256(),
               .least = _mm256_set1_epi32(INT32_MAX),
               .most = _mm256_set1_epi32(INT32_MIN)};
    /* Twice the middle is an odd number of steps away. */
    const __m256i twice = _mm256_mullo_epi32(scale_error, _mm256_set1_epi32(2 * begin + CHUNK - 1));
    c.line =
        _mm256_add_epi32(load(set->base), _mm256_sub_epi32(_mm256_srai_epi32(twice, 1), _mm256_set1_epi32(MIDDLE)));
    const __m256i slack =
        _mm256_srli_epi32(_mm256_mullo_epi32(_mm256_abs_epi32(scale_error), _mm256_set1_epi32(CHUNK - 1)), 1);
    const __m256i error = _mm256_add_epi32(slack, _mm256_set1_epi32(DISTANCE_ERROR));
    __m256i margin[3];
    for (int32_t i = 0; i < 3; i++) {
        margin[i] = _mm256_add_epi32(error, units_of(set->remainders.inverse, 0x1p31 * 0x1p-20 * (1 << i)));
    }
    c.multiples[0] = _mm256_setzero_si256();
    for (int32_t i = 1; i < CHUNK; i++) c.multiples[i] = _mm256_add_epi32(c.multiples[i - 1], decrement);
    const __m256i next = _mm256_slli_epi32(decrement, 3), rise = _mm256_slli_epi32(scale_error, 3);
    for (int32_t j = begin; j <= count; j += CHUNK) {
        const int32_t from = mn_max_i32(1 - j, 0), to = mn_min_i32(count + 1 - j, CHUNK);
        const __m256i around = margin[rounding_of(zero + j)];
        if (from == 0 && to == CHUNK) {
            sweep_chunk(&c, 0, CHUNK, around);
        } else {
            sweep_chunk(&c, from, to, around);
        }
        c.remainder = _mm256_sub_epi32(c.remainder, next);
        c.line = _mm256_add_epi32(c.line, rise);
    }
    /* A remainder next to 0 may be one next to all of S, and the other way round: then nothing works. */
    const __m256i sure =
        _mm256_and_si256(_mm256_cmpeq_epi32(_mm256_max_epu32(c.low, uncertainty), c.low),
                         _mm256_cmpeq_epi32(_mm256_min_epu32(c.high, _mm256_sub_epi32(all, uncertainty)), c.high));
    store(set->least, _mm256_blendv_epi8(_mm256_set1_epi32(INT32_MIN), c.least, sure));
    store(set->most, _mm256_blendv_epi8(_mm256_set1_epi32(INT32_MAX), c.most, sure));
}

/* The offsets in the middle of those that work, if they do so once they are floats. */
INLINE int32_t find_offsets_4(int32_t zero, candidates *set, int32_t at) {
    const remainders *r = &set->remainders;
    const __m256d unit = _mm256_mul_pd(_mm256_loadu_pd(r->scale + at), _mm256_set1_pd(0x1p-31));
    const __m256d middle = _mm256_set1_pd(MIDDLE), scale = _mm256_cvtps_pd(_mm_loadu_ps(set->scale + at));
    const __m256d least = _mm256_add_pd(_mm256_cvtepi32_pd(load_4(set->least + at)), middle);
    const __m256d most = _mm256_add_pd(_mm256_cvtepi32_pd(load_4(set->most + at)), middle);
    const __m256d low = _mm256_mul_pd(_mm256_sub_pd(_mm256_setzero_pd(), least), unit);
    const __m256d high = _mm256_fnmadd_pd(most, unit, scale);
    const __m256d ideal = _mm256_add_pd(_mm256_set1_pd(zero),
                                        _mm256_add_pd(_mm256_loadu_pd(r->extra + at), _mm256_loadu_pd(r->middle + at)));
    const __m256d between = _mm256_mul_pd(_mm256_add_pd(low, high), _mm256_set1_pd(0.5));
    const __m128 offset = _mm256_cvtpd_ps(_mm256_add_pd(ideal, between));
    const __m256d db = _mm256_sub_pd(_mm256_cvtps_pd(offset), ideal);
    _mm_storeu_ps(set->offset + at, offset);
    return _mm256_movemask_pd(_mm256_and_pd(_mm256_cmp_pd(db, low, _CMP_GT_OQ), _mm256_cmp_pd(db, high, _CMP_LT_OQ)));
}

/* ---- Candidates ----------------------------------------------------------------------------------------------- */

TARGET static void check_candidates(int32_t zero, int32_t count, candidates *set) {
    set_scales_4(set, 0);
    set_scales_4(set, 4);
    find_bounds(zero, count, set);
    set->works = find_offsets_4(zero, set, 0) | find_offsets_4(zero, set, 4) << 4;
}

static bool accept(mn_requant *q, const candidates *set, int32_t i) {
    q->scale[set->lane[i]] = set->scale[i];
    q->offset[set->lane[i]] = set->offset[i];
    return set->works >> i & 1;
}

/* Tries each lane's nearest float as its scale; `missing` are the lanes for which it does not work. Returns their
 * number. */
static int32_t try_nearest(mn_requant *q, const remainders *r, int32_t count, int32_t missing[LANES]) {
    int32_t number = 0;
    for (int32_t at = 0; at < LANES; at += CANDIDATES) {
        candidates set;
        for (int32_t i = 0; i < CANDIDATES; i++) set_candidate(r, at + i, 0, &set, i);
        check_candidates(q->zero, count, &set);
        for (int32_t i = 0; i < CANDIDATES; i++) {
            if (!accept(q, &set, i)) missing[number++] = at + i;
        }
    }
    return number;
}

/* Tries the neighbours of the nearest floats of up to four lanes, as many as go together. */
static bool try_neighbours(mn_requant *q, const remainders *r, int32_t count, const int32_t *missing, int32_t number) {
    static const int32_t ulps[] = {1, -1, 2, -2, 3, -3};
    const int32_t each = mn_min_i32(CANDIDATES / number, (int32_t)(sizeof ulps / sizeof ulps[0]));
    candidates set;
    for (int32_t i = 0; i < CANDIDATES; i++) {
        const bool used = i < number * each;
        set_candidate(r, missing[used ? i / each : 0], ulps[used ? i % each : 0], &set, i);
    }
    check_candidates(q->zero, count, &set);
    for (int32_t lane = 0; lane < number; lane++) {
        bool found = false;
        for (int32_t i = 0; i < each && !found; i++) found = accept(q, &set, lane * each + i);
        if (!found) return false;
    }
    return true;
}

/* Float pairs for results zero + 1 to zero + count; returns the lanes that have one, a bit each. Where many lanes need
 * another scale, hardly ever all of them find one. */
static int32_t find_pairs(mn_requant *q, int32_t count) {
    remainders r;
    int32_t missing[LANES], found = ALL_LANES;
    if (!find_remainders(q, count, &r)) return 0;
    const int32_t number = try_nearest(q, &r, count, missing);
    if (number > 0 && number <= 4 && try_neighbours(q, &r, count, missing, number)) return found;
    for (int32_t i = 0; i < number; i++) found &= ~(1 << missing[i]);
    return found;
}

/* Integers alone: no floats, no fixups. */
static void fill_integers(mn_requant *out, int32_t zero) {
    memset(out->centre, 0, sizeof out->centre);
    out->zero = zero;
    out->is_float = out->is_fixed_up = out->is_signed = out->fixups = 0;
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

/* Of the channels of `lanes`: nearly always neighbours. */
static void gather_lanes(const int32_t *from, const mn_requant_lanes *lanes, int32_t to[LANES]) {
    const int32_t first = lanes->channel[0];
    int32_t apart = 0;
    for (int32_t i = 0; i < LANES; i++) apart |= lanes->channel[i] ^ (first + i);
    if (!apart) {
        memcpy(to, from + first, LANES * sizeof *to);
    } else {
        for (int32_t i = 0; i < LANES; i++) to[i] = from[lanes->channel[i]];
    }
}

int32_t mn_requant_fill_some(mn_requant *out, const mn_requant_lanes *lanes, const int32_t *multiplier,
                             const int32_t *shift, const int32_t *bias, int32_t zero, mn_range_i32 range) {
    int32_t biases[LANES] = {0}, unusual = 0;
    gather_lanes(multiplier, lanes, out->multiplier);
    gather_lanes(shift, lanes, out->bits);
    if (bias) gather_lanes(bias, lanes, biases);
    for (int32_t i = 0; i < LANES; i++) {
        out->bits[i] = 31 - out->bits[i];
        unusual |= (out->multiplier[i] == 0) | (biases[i] < -BIAS_MAX) | (biases[i] > BIAS_MAX);
    }
    fill_integers(out, zero);
    /* Negative accumulators round the other way; a clamp at the zero point or above hides that. */
    const int32_t found = !unusual && range.min >= zero ? find_pairs(out, range.max - zero) : 0;
    out->is_float = found == ALL_LANES;
    return found;
}

void mn_requant_fill(mn_requant *out, const mn_requant_lanes *lanes, const int32_t *multiplier, const int32_t *shift,
                     const int32_t *bias, int32_t zero, mn_range_i32 range) {
    mn_requant_fill_some(out, lanes, multiplier, shift, bias, zero, range);
    if (!out->is_float) memset(out->centre, 0, sizeof out->centre);
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Requantisation in floats that are wrong for a few accumulators, and those accumulators. */
#include "kernels/x86/requant.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "base/checked.h"

#define TARGET __attribute__((target("avx2,fma")))
#define INLINE TARGET __attribute__((always_inline)) static inline

enum { LANES = MN_REQUANT_LANES, HALF = LANES / 2, SIDES = 2 };

/* Accumulators up to here, less the centre, are floats exactly. */
#define EXACT_MAX 0x1p24

/* Scales up to here move a result by a part of a step, and no result comes near 2^31; from the least on, tilts are
 * small in units. */
#define SCALE_MAX 0x1p-2
#define SCALE_MIN 0x1p-22

/* What rounding to a float can move a result by that is below 128; and more than it and a scale that is not exact
 * can. */
#define ROUNDING 0x1p-18
#define NEAR 0x1p-10

/* One sign of accumulators: results zero + first to zero + last begin at thresholds among them. Exact results reach
 * zero + j from the first accumulator T on with
 *   T S >= j - 1/2 - e, T > 0, or  T S >= j - 1/2 + e, T <= 0;   e = 2^(30-bits), or 0 when bits is 31.
 * What follows is that of requant.c: R(j) is T S less the right side, in [0, S); with a scale of S (1 + tilt) and an
 * offset that is off by db the float result at T lies place(j) + db above zero + j - 1/2, and at T - 1
 * S (1 + tilt) - place(j) - db below it, where place(j) = R (1 + tilt) + (j - 1/2 -+ e - centre S) tilt. Places are
 * computed in units of 2^(1-bits), so that those of accumulators that are floats exactly are below 2^31. */
typedef struct side {
    int32_t first, last;
    int32_t sign; /* of e: -1 or 1 */
} side;

/* Half of the lanes. */
typedef struct half {
    int32_t multiplier[HALF], step[HALF]; /* S / unit, and R(j) - R(j+1) modulo it, in halves of units */
    double scale[HALF], unit[HALF], extra[HALF];
    double low[HALF], high[HALF]; /* no accumulator is below or above */
    double centre[HALF];
    float scale_f32[HALF], offset[SIDES][HALF]; /* of accumulators from 0 on, and below 0 */
} half;

/* The places of one side. */
typedef struct places {
    int32_t rest[HALF];             /* R(first), in halves of units */
    int32_t tilt[HALF], base[HALF]; /* in units; base belongs to j = 0 */
    int32_t from[HALF], to[HALF];   /* the j that matter: those near what accumulators can reach */
} places;

typedef struct bounds {
    int32_t least[HALF], most[HALF];
} bounds;

typedef struct patches {
    int32_t count[HALF];
    int32_t at[MN_REQUANT_PATCHES][HALF], by[MN_REQUANT_PATCHES][HALF];
} patches;

/* What a place may be off by, in units, which are at most S 2^-29: R tilt, at most S 2^-24, is left out, half a unit of
 * R too; rounding tilt and base moves a place by less than 2^8 units. */
enum { PLACE_ERROR = 512 };

/* ---- Setting up ----------------------------------------------------------------------------------------- */

/* 2^n as a double, n in [-126, 127]. */
INLINE double power(int32_t n) {
    const int32_t bits = (n + 127) << 23;
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

/* 2^(bits-1) modulo the multiplier; the quotient's last bit may be off. */
INLINE double half_step(const mn_requant *q, int32_t lane) {
    const double m = q->multiplier[lane], half_units = power(q->bits[lane] - 1);
    const double rest = fma(-floor(half_units / m), m, half_units);
    return rest < 0 ? rest + m : rest < m ? rest : rest - m;
}

/* What the next four do for all lanes, they do in loops without branches, which compilers make vectors of. */
TARGET static bool start_half(const mn_requant *q, int32_t at, const int64_t *low, const int64_t *high, half *h) {
    int32_t bad = 0;
    for (int32_t i = 0; i < HALF; i++) {
        h->low[i] = (double)low[at + i], h->high[i] = (double)high[at + i], h->centre[i] = 0;
        bad |= (q->multiplier[at + i] <= 0) | (low[at + i] < INT32_MIN) | (high[at + i] > INT32_MAX); /* may wrap */
    }
    if (bad) return false;
    for (int32_t i = 0; i < HALF; i++) {
        const double m = q->multiplier[at + i], step = 2 * half_step(q, at + i);
        h->multiplier[i] = q->multiplier[at + i];
        h->step[i] = (int32_t)(step < m ? step : step - m);
        h->unit[i] = power(1 - q->bits[at + i]);
        h->scale[i] = m * power(-q->bits[at + i]);
        h->extra[i] = q->bits[at + i] > 31 ? power(30 - q->bits[at + i]) : 0.0;
        h->scale_f32[i] = (float)h->scale[i];
        bad |= h->scale[i] > SCALE_MAX;
    }
    return !bad;
}

/* j - 1/2 -+ e for j = 0. */
INLINE double right_side(const half *h, const side *s, int32_t lane) { return s->sign * h->extra[lane] - 0.5; }

/* x in [low, high]; two comparisons, because fmin and fmax are more. */
INLINE double clamp(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

/* The j whose threshold, or the accumulator before it, is one that there is, or is near one. */
TARGET static void find_reach(const half *h, const side *s, places *p) {
    for (int32_t i = 0; i < HALF; i++) {
        const double zero = right_side(h, s, i), least = (h->low[i] - 1) * h->scale[i] - zero - NEAR;
        const double most = (h->high[i] + 1) * h->scale[i] - zero + NEAR;
        p->from[i] = (int32_t)ceil(clamp(least, s->first, s->last + 1));
        p->to[i] = (int32_t)floor(clamp(most, s->first - 1, s->last));
    }
}

/* The middle of the thresholds that matter: the nearer accumulators are to it, the less an inexact scale moves them. */
TARGET static bool find_centres(const side *s, const places *p, half *h) {
    int32_t bad = 0;
    for (int32_t i = 0; i < HALF; i++) {
        const bool any = p->from[i] <= p->to[i];
        const double middle = right_side(h, s, i) + (p->from[i] + p->to[i]) * 0.5;
        const double centre = any ? trunc(middle / h->scale[i]) : 0;
        bad |= (fabs(centre) > INT32_MAX / 2) | (h->low[i] - centre < INT32_MIN) | (h->high[i] - centre > INT32_MAX);
        h->centre[i] = centre;
    }
    return !bad;
}

/* False when an accumulator that matters is too large. */
TARGET static bool find_places(const mn_requant *q, int32_t at, const half *h, const side *s, places *p) {
    int32_t bad = 0;
    for (int32_t i = 0; i < HALF; i++) {
        const double m = h->multiplier[i], extra = q->bits[at + i] > 31 ? 0x1p30 : 0.0;
        const double rest = (1 - 2 * s->first) * half_step(q, at + i) - s->sign * extra; /* below 2^40 */
        p->rest[i] = (int32_t)fma(-floor(rest / m), m, rest);
    }
    for (int32_t i = 0; i < HALF; i++) {
        const bool any = p->from[i] <= p->to[i];
        const double zero = right_side(h, s, i), centre = h->centre[i], scale = h->scale[i];
        const double nearest = (zero + p->from[i]) / scale - centre, farthest = (zero + p->to[i]) / scale - centre;
        const double tilt = any ? ((double)h->scale_f32[i] - scale) / scale / h->unit[i] : 0.0;
        const bool large = (fabs(nearest) > EXACT_MAX - 2) | (fabs(farthest) > EXACT_MAX - 2);
        bad |= any & ((scale < SCALE_MIN) | large);
        p->tilt[i] = (int32_t)tilt;
        /* Modulo 2^32: with j tilt it is small again. */
        p->base[i] = (int32_t)(uint32_t)(int64_t)((zero - centre * scale) * tilt);
    }
    return !bad;
}

/* ---- Going through the places of all lanes ---------------------------------------------------------------- */

INLINE __m256i load(const int32_t *from) { return _mm256_loadu_si256((const __m256i *)(const void *)from); }
INLINE void store(int32_t *to, __m256i v) { _mm256_storeu_si256((__m256i *)(void *)to, v); }

typedef struct course {
    __m256i rest, line, step, multiplier, tilt, from, to, j;
} course;

INLINE course start_course(const half *h, const side *s, const places *p) {
    const __m256i j = _mm256_set1_epi32(s->first), tilt = load(p->tilt);
    return (course){.rest = load(p->rest),
                    .line = _mm256_add_epi32(load(p->base), _mm256_mullo_epi32(j, tilt)),
                    .step = load(h->step),
                    .multiplier = load(h->multiplier),
                    .tilt = tilt,
                    .from = load(p->from),
                    .to = load(p->to),
                    .j = j};
}

INLINE __m256i place_of(const course *c) { return _mm256_add_epi32(_mm256_srli_epi32(c->rest, 1), c->line); }

/* Lanes for which j does not matter. */
INLINE __m256i outside(const course *c) {
    return _mm256_or_si256(_mm256_cmpgt_epi32(c->from, c->j), _mm256_cmpgt_epi32(c->j, c->to));
}

INLINE void next(course *c) {
    const __m256i rest = _mm256_sub_epi32(c->rest, c->step); /* what is negative is large without a sign */
    c->rest = _mm256_min_epu32(rest, _mm256_add_epi32(rest, c->multiplier));
    c->line = _mm256_add_epi32(c->line, c->tilt);
    c->j = _mm256_add_epi32(c->j, _mm256_set1_epi32(1));
}

/* Does every j matter in every lane, as is the rule? */
static bool is_whole(const side *s, const places *p) {
    for (int32_t i = 0; i < HALF; i++) {
        if (p->from[i] > s->first || p->to[i] < s->last) return false;
    }
    return true;
}

/* A constant `whole` saves looking at each j. */
INLINE void bound(bool whole, const half *h, const side *s, const places *p, bounds *out) {
    course c = start_course(h, s, p);
    __m256i least = _mm256_set1_epi32(INT32_MAX), most = _mm256_set1_epi32(INT32_MIN);
    for (int32_t j = s->first; j <= s->last; j++, next(&c)) {
        const __m256i place = place_of(&c), skip = whole ? _mm256_setzero_si256() : outside(&c);
        least = _mm256_min_epi32(least, whole ? place : _mm256_blendv_epi8(place, least, skip));
        most = _mm256_max_epi32(most, whole ? place : _mm256_blendv_epi8(place, most, skip));
    }
    store(out->least, least);
    store(out->most, most);
}

TARGET static void find_bounds(const half *h, const side *s, const places *p, bounds *out) {
    if (is_whole(s, p)) {
        bound(true, h, s, p, out);
    } else {
        bound(false, h, s, p, out);
    }
}

INLINE int32_t saturate(double x) { return (int32_t)clamp(x, INT32_MIN, INT32_MAX); }

/* The offset in the middle between what the least and the greatest place ask for; `limits` become the places within
 * which results are right for sure. */
TARGET static void choose_offset(half *h, const side *s, const places *p, int32_t zero, int32_t which, bounds *limits) {
    for (int32_t i = 0; i < HALF; i++) {
        const bool any = p->from[i] <= p->to[i];
        const double scale = h->scale_f32[i], unit = h->unit[i], middle = (double)limits->least[i] + limits->most[i];
        const double ideal = zero - s->sign * h->extra[i] + h->centre[i] * h->scale[i];
        h->offset[which][i] = (float)(any ? ideal + (scale - middle * unit) / 2 : ideal);
        const double moved = h->offset[which][i] - ideal;
        const double least = (ROUNDING - moved) / unit, most = (scale - ROUNDING - moved) / unit;
        limits->least[i] = any ? saturate(least + PLACE_ERROR) : INT32_MIN;
        limits->most[i] = any ? saturate(most - PLACE_ERROR) : INT32_MAX;
    }
}

/* ---- Patches ---------------------------------------------------------------------------------------------- */

/* The kernel's own arithmetic on one lane, from an accumulator less the centre. */
TARGET static int32_t result_of(const half *h, int32_t lane, int32_t acc) {
    const __m128 x = _mm_cvtsi32_ss(_mm_setzero_ps(), acc);
    const __m128 offset = _mm_set_ss(h->offset[acc < 0][lane]);
    return _mm_cvtss_si32(_mm_fmadd_ss(x, _mm_set_ss(h->scale_f32[lane]), offset));
}

static bool add_patch(patches *p, int32_t lane, int32_t at, int32_t by) {
    const int32_t i = p->count[lane]++;
    if (i >= MN_REQUANT_PATCHES) return false;
    p->at[i][lane] = at;
    p->by[i][lane] = by;
    return true;
}

/* Patches the accumulators of `lane` at threshold j, whose rest is `rest`, that come out on the wrong side. */
TARGET static bool patch_threshold(const half *h, const side *s, int32_t lane, int32_t j, int32_t rest, int32_t zero,
                                   patches *p) {
    const double threshold = (right_side(h, s, lane) + j + rest * (h->unit[lane] / 2)) / h->scale[lane];
    const int32_t first = (int32_t)(nearbyint(threshold) - h->centre[lane]);
    for (int32_t acc = first; result_of(h, lane, acc) < zero + j; acc++) {
        if (!add_patch(p, lane, acc, 1)) return false;
    }
    for (int32_t acc = first - 1; result_of(h, lane, acc) >= zero + j; acc--) {
        if (!add_patch(p, lane, acc, -1)) return false;
    }
    return true;
}

/* Looks at all thresholds that may come out wrong: results rise with accumulators, so only those next to thresholds
 * matter. */
INLINE bool patch_all(bool whole, const half *h, const side *s, const places *all, const bounds *limits, int32_t zero,
                      patches *p) {
    const __m256i least = load(limits->least), most = load(limits->most);
    course c = start_course(h, s, all);
    for (int32_t j = s->first; j <= s->last; j++, next(&c)) {
        const __m256i place = place_of(&c);
        __m256i beyond = _mm256_or_si256(_mm256_cmpgt_epi32(least, place), _mm256_cmpgt_epi32(place, most));
        if (!whole) beyond = _mm256_andnot_si256(outside(&c), beyond);
        const int32_t wrong = _mm256_movemask_ps(_mm256_castsi256_ps(beyond));
        int32_t rest[HALF];
        if (!wrong) continue;
        store(rest, c.rest);
        for (int32_t lane = 0; lane < HALF; lane++) {
            if ((wrong >> lane & 1) && !patch_threshold(h, s, lane, j, rest[lane], zero, p)) return false;
        }
    }
    return true;
}

TARGET static bool patch_side(const half *h, const side *s, const places *all, const bounds *limits, int32_t zero,
                              patches *p) {
    return is_whole(s, all) ? patch_all(true, h, s, all, limits, zero, p)
                            : patch_all(false, h, s, all, limits, zero, p);
}

/* The halves of each rounding meet at accumulator 0. */
static bool sides_meet(const half *h, int32_t zero) {
    for (int32_t lane = 0; lane < HALF; lane++) {
        if (result_of(h, lane, -1) > zero || result_of(h, lane, 0) < zero) return false;
    }
    return true;
}

static void keep_half(const half *h, const patches *p, int32_t at, mn_requant *q) {
    memcpy(q->scale + at, h->scale_f32, sizeof h->scale_f32);
    memcpy(q->offset + at, h->offset[0], sizeof h->offset[0]);
    memcpy(q->negative_offset + at, h->offset[1], sizeof h->offset[1]);
    for (int32_t i = 0; i < HALF; i++) q->centre[at + i] = (int32_t)h->centre[i];
    for (int32_t lane = 0; lane < HALF; lane++) {
        q->patches = mn_max_i32(q->patches, p->count[lane]);
        for (int32_t i = 0; i < p->count[lane]; i++) {
            q->patch_at[i][at + lane] = p->at[i][lane];
            q->patch_by[i][at + lane] = p->by[i][lane];
        }
    }
}

static bool patch_half(mn_requant *q, int32_t at, mn_range_i32 range, const int64_t *low, const int64_t *high) {
    const int32_t first = range.min + 1 - q->zero, last = range.max - q->zero;
    const bool is_signed = first <= 0 && last >= 1;
    const side sides[SIDES] = {{mn_max_i32(1, first), last, -1}, {first, mn_min_i32(0, last), 1}};
    half h;
    places p[SIDES];
    bounds b[SIDES];
    patches found;
    memset(found.count, 0, sizeof found.count);
    if (!start_half(q, at, low, high, &h)) return false;
    for (int32_t i = 0; i < SIDES; i++) {
        if (sides[i].first > sides[i].last) continue;
        find_reach(&h, &sides[i], &p[i]);
        if (!is_signed && !find_centres(&sides[i], &p[i], &h)) return false;
        if (!find_places(q, at, &h, &sides[i], &p[i])) return false;
        find_bounds(&h, &sides[i], &p[i], &b[i]);
        choose_offset(&h, &sides[i], &p[i], q->zero, i, &b[i]);
        /* Where the other side has no thresholds, the clamp hides it. */
        if (!is_signed) memcpy(h.offset[1 - i], h.offset[i], sizeof h.offset[i]);
    }
    for (int32_t i = 0; i < SIDES; i++) {
        if (sides[i].first > sides[i].last) continue;
        if (!patch_side(&h, &sides[i], &p[i], &b[i], q->zero, &found)) return false;
    }
    if (is_signed && !sides_meet(&h, q->zero)) return false;
    q->is_signed |= is_signed;
    keep_half(&h, &found, at, q);
    return true;
}

void mn_requant_patch(mn_requant *q, const int64_t *low, const int64_t *high, mn_range_i32 range) {
    if (q->is_float || range.min >= range.max) return;
    memset(q->patch_at, 0, sizeof q->patch_at);
    memset(q->patch_by, 0, sizeof q->patch_by);
    q->is_patched = patch_half(q, 0, range, low, high) && patch_half(q, HALF, range, low, high);
    if (q->is_patched) return;
    q->patches = 0;
    memset(q->centre, 0, sizeof q->centre);
}

#endif

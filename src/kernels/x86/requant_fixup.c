/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Requantisation in floats that are wrong for a few accumulators, and those accumulators. */
#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/requant_search.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "kernels/quant.h"

#define TARGET __attribute__((target("avx2,fma")))
#define INLINE TARGET __attribute__((always_inline)) static inline

/* Accumulators up to here, less the centre, are floats exactly. */
#define EXACT_MAX 0x1p24

/* Scales up to here move a result by a part of a step, and no result comes near 2^31; the least still lets what is
 * computed about distances be numbers of 32 bits. */
#define SCALE_MAX 0x1p-2
#define SCALE_MIN 0x1p-22

/* More than rounding and a scale that is not exact can move a result by. */
#define NEAR 0x1p-10

/* ---- Setting up, in loops without branches, which compilers make vectors of -------------------------------- */

/* 2^n as a double, n in [-126, 127]. */
INLINE double power(int32_t n) {
    const int32_t bits = (n + 127) << 23;
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

/* x modulo m, of integers below 2^53 whose quotient is below 2^32: its last bit may be off. */
INLINE double modulo(double x, double m) {
    const double remainder = fma(-floor(x / m), m, x);
    return remainder < 0 ? remainder + m : remainder < m ? remainder : remainder - m;
}

/* remainder / m in 32 bits, short by at most 2. */
INLINE int32_t fraction(double remainder, double m) {
    return (int32_t)((uint32_t)(int32_t)(remainder * (0x1p31 / m)) << 1);
}

TARGET static bool init_channels(const mn_requant *q, const int64_t *low, const int64_t *high, channels *c) {
    int32_t bad = 0;
    for (int32_t i = 0; i < LANES; i++) {
        c->low[i] = (double)low[i], c->high[i] = (double)high[i], c->centre[i] = 0;
        bad |= (q->multiplier[i] <= 0) | (low[i] < INT32_MIN) | (high[i] > INT32_MAX); /* may wrap */
    }
    if (bad) return false;
    c->q = q;
    for (int32_t i = 0; i < LANES; i++) {
        const double m = q->multiplier[i];
        c->scale[i] = m * power(-q->bits[i]);
        c->inverse[i] = 1 / c->scale[i];
        c->extra[i] = q->bits[i] > 31 ? power(30 - q->bits[i]) : 0.0;
        c->half[i] = modulo(power(q->bits[i] - 1), m);
        c->decrement[i] = fraction(modulo(2 * c->half[i], m), m);
        /* Two for R(first) and for each of 255 steps, and as much again; nothing where fractions are exact. */
        c->uncertainty[i] = q->multiplier[i] == INT32_C(1) << 30 ? 0 : 1024;
        bad |= c->scale[i] > SCALE_MAX;
    }
    return !bad;
}

/* The j whose threshold, or the accumulator before it, is one that there is, or is near one. */
TARGET static void find_reach(const channels *c, side *s) {
    for (int32_t i = 0; i < LANES; i++) {
        const double zero = right_side(c, s, i), least = (c->low[i] - 1) * c->scale[i] - zero - NEAR;
        const double most = (c->high[i] + 1) * c->scale[i] - zero + NEAR;
        s->from[i] = (int32_t)ceil(clamp(least, s->first, s->last + 1));
        s->to[i] = (int32_t)floor(clamp(most, s->first - 1, s->last));
    }
}

/* The middle of the thresholds that matter: the nearer accumulators are to it, the less an inexact scale moves them. */
TARGET static bool find_centres(channels *c, const side *s) {
    int32_t bad = 0;
    for (int32_t i = 0; i < LANES; i++) {
        const bool any = s->from[i] <= s->to[i];
        const double middle = right_side(c, s, i) + (s->from[i] + s->to[i]) * 0.5;
        const double centre = any ? trunc(middle * c->inverse[i]) : 0;
        bad |= (fabs(centre) > INT32_MAX / 2) | (c->low[i] - centre < INT32_MIN + CENTRE_SHIFTS) |
               (c->high[i] - centre > INT32_MAX);
        c->centre[i] = centre;
    }
    return !bad;
}

/* False when an accumulator that matters is too large. */
TARGET static bool find_remainders(const channels *c, side *s) {
    int32_t bad = 0;
    for (int32_t i = 0; i < LANES; i++) {
        const double m = c->q->multiplier[i], extra = c->q->bits[i] > 31 ? 0x1p30 : 0.0;
        const double remainder = (1 - 2 * s->first) * c->half[i] - s->sign * extra; /* below 2^40 */
        s->remainder[i] = (int32_t)((uint32_t)fraction(modulo(remainder, m), m) - (uint32_t)c->uncertainty[i] / 2);
    }
    for (int32_t i = 0; i < LANES; i++) {
        const bool any = s->from[i] <= s->to[i];
        const double zero = right_side(c, s, i);
        const double nearest = (zero + s->from[i]) * c->inverse[i] - c->centre[i];
        const double farthest = (zero + s->to[i]) * c->inverse[i] - c->centre[i];
        const bool large = (fabs(nearest) > EXACT_MAX - CENTRE_SHIFTS) | (fabs(farthest) > EXACT_MAX - CENTRE_SHIFTS);
        bad |= any & ((c->scale[i] < SCALE_MIN) | large);
    }
    return !bad;
}

static bool set_up(const mn_requant *q, const int64_t *low, const int64_t *high, mn_range_i32 range, channels *c) {
    const int32_t first = range.min + 1 - q->zero, last = range.max - q->zero;
    c->is_signed = first <= 0 && last >= 1;
    c->sides[0] = (side){.first = mn_max_i32(1, first), .last = last, .sign = -1};
    c->sides[1] = (side){.first = first, .last = mn_min_i32(0, last), .sign = 1};
    if (!init_channels(q, low, high, c)) return false;
    for (int32_t i = 0; i < SIDES; i++) {
        side *s = &c->sides[i];
        if (s->first > s->last) continue;
        find_reach(c, s);
        if (!c->is_signed && !find_centres(c, s)) return false;
        if (!find_remainders(c, s)) return false;
    }
    return true;
}

/* ---- Fixups ---------------------------------------------------------------------------------------------- */

/* The kernel's own arithmetic on one lane, from an accumulator less the centre. */
TARGET static int32_t result_of(const solution *f, int32_t acc) {
    const __m128 x = _mm_cvtsi32_ss(_mm_setzero_ps(), acc);
    return _mm_cvtss_si32(_mm_fmadd_ss(x, _mm_set_ss(f->scale), _mm_set_ss(f->offset[acc < 0])));
}

static void add_fixup(mn_requant *q, int32_t lane, int32_t *count, int32_t at, int8_t by) {
    q->fixup_at[*count][lane] = at;
    q->fixup_by[*count][lane] = by;
    q->fixups = (int8_t)mn_max_i32(q->fixups, ++*count);
}

/* The first accumulator whose result, less the zero point, is j or more, by the definition. */
static int32_t threshold_of(const channels *c, const side *s, int32_t lane, int32_t j) {
    const int32_t multiplier = c->q->multiplier[lane], shift = 31 - c->q->bits[lane];
    int32_t at = (int32_t)ceil((right_side(c, s, lane) + j) * c->inverse[lane]);
    while (mn_requantize(at, multiplier, shift) < j) at++;
    while (mn_requantize(at - 1, multiplier, shift) >= j) at--;
    return at;
}

/* The accumulators from `first`, where results should reach `value`, that come out on its wrong side: how many upwards
 * and downwards, up to one more than there can be fixups. Results rise with accumulators, so those are next to it. */
typedef struct wrong {
    int32_t above, below;
} wrong;

static wrong wrong_at(const solution *f, int32_t first, int32_t value) {
    wrong w = {0, 0};
    while (w.above <= MN_REQUANT_FIXUPS && result_of(f, first + w.above) < value) w.above++;
    while (w.below <= MN_REQUANT_FIXUPS && result_of(f, first - 1 - w.below) >= value) w.below++;
    return w;
}

static bool fix_up_threshold(const channels *c, const side *s, int32_t lane, int32_t j, const solution *f,
                             mn_requant *q, int32_t *count) {
    const int32_t first = threshold_of(c, s, lane, j) - (int32_t)c->centre[lane] - f->centre_shift;
    const wrong w = wrong_at(f, first, q->zero + j);
    if (*count + w.above + w.below > MN_REQUANT_FIXUPS) return false;
    for (int32_t i = 0; i < w.above; i++) add_fixup(q, lane, count, first + i, 1);
    for (int32_t i = 0; i < w.below; i++) add_fixup(q, lane, count, first - 1 - i, -1);
    return true;
}

/* Where a step of the results is many accumulators, and rounding moves results by as much as some of them, distances
 * say nothing. But then thresholds are few, and scales and offsets can be tried on them, further and further from the
 * nearest scale. */
enum { FEW_OFFSETS = 8, FEW_SCALES = 33 };

static void try_few(const channels *c, int32_t which, int32_t lane, solution *best) {
    const side *s = &c->sides[which];
    const int32_t count = thresholds_of(s, lane), middle = count / 2;
    const double scale = c->scale[lane];
    int32_t first[KEPT], fewest = INT32_MAX;
    if (count == 0 || count > KEPT || best->uncertain == 0) return;
    best->lows[which] = (uint8_t)count, best->highs[which] = 0, best->centre_shift = 0;
    for (int32_t i = 0; i < count; i++) best->low[which][i] = (uint8_t)(s->from[lane] - s->first + i);
    for (int32_t i = 0; i < count; i++) {
        first[i] = threshold_of(c, s, lane, s->from[lane] + i) - (int32_t)c->centre[lane];
    }
    for (int32_t n = 0; n < FEW_SCALES * FEW_OFFSETS && fewest > 0; n++) {
        const int32_t ulps = (n / FEW_OFFSETS + 1) / 2 * (n / FEW_OFFSETS % 2 ? 1 : -1);
        const double distance = (n % FEW_OFFSETS + 0.5) / FEW_OFFSETS * scale;
        solution f = *best;
        f.scale = (float)(scale * (1 + ulps * 0x1p-20));
        const double at_middle = c->q->zero + s->from[lane] + middle - 0.5 + distance;
        f.offset[0] = f.offset[1] = (float)(at_middle - first[middle] * (double)f.scale);
        int32_t all = 0;
        for (int32_t i = 0; i < count; i++) {
            const wrong w = wrong_at(&f, first[i], c->q->zero + s->from[lane] + i);
            all += w.above + w.below;
        }
        if (all >= fewest) continue;
        fewest = all;
        *best = f;
    }
}

/* A threshold may be among the least distances and among the greatest. */
static bool contains(const uint8_t *list, int32_t count, uint8_t j) {
    for (int32_t i = 0; i < count; i++) {
        if (list[i] == j) return true;
    }
    return false;
}

static bool fix_up_lane(const channels *c, int32_t lane, const solution *f, mn_requant *q) {
    int32_t count = 0;
    for (int32_t which = 0; which < SIDES; which++) {
        const side *s = &c->sides[which];
        for (int32_t i = 0; i < f->lows[which]; i++) {
            if (!fix_up_threshold(c, s, lane, s->first + f->low[which][i], f, q, &count)) return false;
        }
        for (int32_t i = 0; i < f->highs[which]; i++) {
            if (contains(f->low[which], f->lows[which], f->high[which][i])) continue;
            if (!fix_up_threshold(c, s, lane, s->first + f->high[which][i], f, q, &count)) return false;
        }
    }
    /* The halves of each rounding meet at accumulator 0. */
    return !c->is_signed || (result_of(f, -1) <= q->zero && result_of(f, 0) >= q->zero);
}

static bool fix_up_lanes(const channels *c, solution best[LANES], mn_requant *q) {
    for (int32_t i = 0; i < LANES; i++) {
        if (best[i].uncertain >= HOPELESS) return false;
    }
    for (int32_t i = 0; i < LANES; i++) {
        for (int32_t which = 0; which < SIDES && !c->is_signed; which++) {
            if (has_thresholds(&c->sides[which])) try_few(c, which, i, &best[i]);
        }
        q->scale[i] = best[i].scale;
        q->offset[i] = best[i].offset[0];
        q->negative_offset[i] = best[i].offset[1];
        q->centre[i] = (int32_t)c->centre[i] + best[i].centre_shift;
        if (!fix_up_lane(c, i, &best[i], q)) return false;
    }
    return true;
}

void mn_requant_fix_up(mn_requant *q, int32_t solved, const int64_t *low, const int64_t *high, mn_range_i32 range,
                       bool wide) {
    channels c;
    solution best[LANES];
    if (q->is_float) return;
    if (range.min < range.max && set_up(q, low, high, range, &c)) {
        memset(q->fixup_at, 0, sizeof q->fixup_at);
        memset(q->fixup_by, 0, sizeof q->fixup_by);
        (wide ? mn_requant_search_wide : mn_requant_search)(&c, solved, best);
        q->is_fixed_up = fix_up_lanes(&c, best, q);
        q->is_signed = q->is_fixed_up && c.is_signed;
    }
    if (q->is_fixed_up) return;
    q->fixups = 0;
    memset(q->centre, 0, sizeof q->centre);
}

#endif

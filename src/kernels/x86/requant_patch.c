/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Requantisation in floats that are wrong for a few accumulators, and those accumulators. */
#include "kernels/x86/requant.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#include "base/checked.h"

#define TARGET __attribute__((target("avx512f,avx512vl,fma")))
#define INLINE TARGET __attribute__((always_inline)) static inline

enum { LANES = MN_REQUANT_LANES, HALF = LANES / 2, SIDES = 2 };

/* Accumulators up to here, less the centre, are floats exactly; scales up to here move a result by a part of a step,
 * and no result comes near 2^31. */
#define EXACT_MAX 0x1p24
#define SCALE_MAX 0x1p-2

/* Accumulators in the middle of their range that exceed this in size become the centre. */
#define MIDDLE_MAX 0x1p20

/* Accumulators of one sign: results zero + first to zero + last begin at thresholds among them. Exact results reach
 * zero + j from the first accumulator T on with
 *   T S >= j - 1/2 - e, T > 0, or  T S >= j - 1/2 + e, T <= 0;   e = 2^(30-bits), or 0 when bits is 31. */
typedef struct side {
    int32_t first, last;
    double sign; /* of e: -1 or 1 */
} side;

/* Half of the lanes. */
typedef struct half {
    double multiplier[HALF], per_one[HALF]; /* S = multiplier / per_one; per_one = 2^bits */
    double extra[HALF];                     /* e, times per_one */
    double low[HALF], high[HALF];           /* no accumulator is below or above */
    double centre[HALF];
    float scale[HALF];
    float offset[SIDES][HALF]; /* of accumulators from 0 on, and below 0 */
} half;

/* T for result j: num / multiplier rounded up. num has few bits, and what is left is below 2^32: doubles exactly. */
INLINE __m512d threshold(const half *h, const side *s, int32_t j) {
    const __m512d multiplier = _mm512_loadu_pd(h->multiplier), per_one = _mm512_loadu_pd(h->per_one);
    const __m512d extra = _mm512_mul_pd(_mm512_loadu_pd(h->extra), _mm512_set1_pd(s->sign));
    const __m512d num = _mm512_fmadd_pd(_mm512_set1_pd(j - 0.5), per_one, extra);
    __m512d t = _mm512_roundscale_pd(_mm512_div_pd(num, multiplier), _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
    const __m512d rest = _mm512_fmsub_pd(t, multiplier, num);
    const __m512d one = _mm512_set1_pd(1);
    t = _mm512_mask_add_pd(t, _mm512_cmp_pd_mask(rest, _mm512_setzero_pd(), _CMP_LT_OQ), t, one);
    return _mm512_mask_sub_pd(t, _mm512_cmp_pd_mask(rest, multiplier, _CMP_GE_OQ), t, one);
}

/* The accumulators, less the centre, on which threshold t hangs: the first at or above it, the last below it, and
 * whether there are such. */
typedef struct pair {
    __m512d above, below;
    __mmask8 has_above, has_below;
} pair;

INLINE pair around(const half *h, __m512d t) {
    const __m512d low = _mm512_loadu_pd(h->low), high = _mm512_loadu_pd(h->high), centre = _mm512_loadu_pd(h->centre);
    const __m512d before = _mm512_sub_pd(t, _mm512_set1_pd(1));
    return (pair){.above = _mm512_sub_pd(_mm512_max_pd(t, low), centre),
                  .below = _mm512_sub_pd(_mm512_min_pd(before, high), centre),
                  .has_above = _mm512_cmp_pd_mask(t, high, _CMP_LE_OQ),
                  .has_below = _mm512_cmp_pd_mask(before, low, _CMP_GE_OQ)};
}

INLINE __mmask8 too_large(__m512d x) {
    return _mm512_cmp_pd_mask(_mm512_abs_pd(x), _mm512_set1_pd(EXACT_MAX), _CMP_GT_OQ);
}

/* The offset between the least that puts every threshold right from above and the greatest from below; false where
 * accumulators are too large. */
TARGET static bool choose_offset(half *h, const side *s, int32_t zero, int32_t which) {
    const __m512d scale = _mm512_cvtps_pd(_mm256_loadu_ps(h->scale));
    __m512d least = _mm512_set1_pd(-1e9), most = _mm512_set1_pd(1e9);
    __mmask8 lost = 0;
    for (int32_t j = s->first; j <= s->last; j++) {
        const pair p = around(h, threshold(h, s, j));
        const __m512d half_way = _mm512_set1_pd(j - 0.5);
        least = _mm512_mask_max_pd(least, p.has_above, least, _mm512_fnmadd_pd(p.above, scale, half_way));
        most = _mm512_mask_min_pd(most, p.has_below, most, _mm512_fnmadd_pd(p.below, scale, half_way));
        lost |= (__mmask8)((p.has_above & too_large(p.above)) | (p.has_below & too_large(p.below)));
    }
    /* Where there is no bound on one side, a step from the other one. */
    least = _mm512_max_pd(least, _mm512_sub_pd(most, _mm512_set1_pd(0.5)));
    most = _mm512_min_pd(most, _mm512_add_pd(least, _mm512_set1_pd(0.5)));
    const __m512d middle = _mm512_mul_pd(_mm512_add_pd(least, most), _mm512_set1_pd(0.5));
    _mm256_storeu_ps(h->offset[which], _mm512_cvtpd_ps(_mm512_add_pd(middle, _mm512_set1_pd(zero))));
    return lost == 0;
}

/* The kernel's own arithmetic on one lane. */
TARGET static int32_t result_of(const half *h, int32_t lane, int32_t acc) {
    const __m128 x = _mm_cvtsi32_ss(_mm_setzero_ps(), acc);
    const __m128 offset = _mm_set_ss(h->offset[acc < 0][lane]);
    return _mm_cvtss_si32(_mm_fmadd_ss(x, _mm_set_ss(h->scale[lane]), offset));
}

typedef struct patches {
    int32_t count[HALF];
    int32_t at[MN_REQUANT_PATCHES][HALF], by[MN_REQUANT_PATCHES][HALF];
} patches;

static bool add_patch(patches *p, int32_t lane, int32_t at, int32_t by) {
    const int32_t i = p->count[lane]++;
    if (i >= MN_REQUANT_PATCHES) return false;
    p->at[i][lane] = at;
    p->by[i][lane] = by;
    return true;
}

/* Accumulators of `lane` from `above` up and from `below` down that come out on the wrong side of `result`. */
static bool patch_upward(const half *h, int32_t lane, int32_t above, int32_t result, patches *p) {
    for (; result_of(h, lane, above) < result; above++) {
        if (!add_patch(p, lane, above, 1)) return false;
    }
    return true;
}

static bool patch_downward(const half *h, int32_t lane, int32_t below, int32_t result, patches *p) {
    for (; result_of(h, lane, below) >= result; below--) {
        if (!add_patch(p, lane, below, -1)) return false;
    }
    return true;
}

/* Finds all accumulators of one side that come out wrong: results rise with accumulators, so only those next to
 * thresholds matter. */
TARGET static bool patch_side(const half *h, const side *s, int32_t zero, int32_t which, patches *p) {
    const __m256 scale = _mm256_loadu_ps(h->scale), offset = _mm256_loadu_ps(h->offset[which]);
    for (int32_t j = s->first; j <= s->last; j++) {
        const pair places = around(h, threshold(h, s, j));
        const __m256i above = _mm512_cvtpd_epi32(places.above), below = _mm512_cvtpd_epi32(places.below);
        const __m256i wanted = _mm256_set1_epi32(zero + j);
        const __m256i here = _mm256_cvtps_epi32(_mm256_fmadd_ps(_mm256_cvtepi32_ps(above), scale, offset));
        const __m256i there = _mm256_cvtps_epi32(_mm256_fmadd_ps(_mm256_cvtepi32_ps(below), scale, offset));
        const int32_t too_low = _mm256_cmplt_epi32_mask(here, wanted) & places.has_above;
        const int32_t too_high = _mm256_cmpge_epi32_mask(there, wanted) & places.has_below;
        int32_t first[HALF], last[HALF];
        if (!(too_low | too_high)) continue;
        _mm256_storeu_si256((__m256i *)(void *)first, above);
        _mm256_storeu_si256((__m256i *)(void *)last, below);
        for (int32_t lane = 0; lane < HALF; lane++) {
            if ((too_low >> lane & 1) && !patch_upward(h, lane, first[lane], zero + j, p)) return false;
            if ((too_high >> lane & 1) && !patch_downward(h, lane, last[lane], zero + j, p)) return false;
        }
    }
    return true;
}

/* The halves of each rounding meet at accumulator 0. */
static bool sides_meet(const half *h, int32_t zero) {
    for (int32_t lane = 0; lane < HALF; lane++) {
        if (result_of(h, lane, -1) > zero || result_of(h, lane, 0) < zero) return false;
    }
    return true;
}

static bool start_half(const mn_requant *q, int32_t at, bool centred, half *h) {
    for (int32_t i = 0; i < HALF; i++) {
        const int32_t bits = q->bits[at + i];
        h->multiplier[i] = q->multiplier[at + i];
        h->per_one[i] = (double)(INT64_C(1) << bits);
        h->extra[i] = bits > 31 ? 0x1p30 : 0;
        h->scale[i] = (float)(h->multiplier[i] / h->per_one[i]);
        /* The middle, where accumulators would otherwise be too large for a float. */
        const double middle = (h->low[i] + h->high[i]) / 2;
        h->centre[i] = centred && (middle > MIDDLE_MAX || middle < -MIDDLE_MAX) ? (double)(int32_t)middle : 0;
        if (!(h->multiplier[i] > 0 && h->scale[i] <= SCALE_MAX)) return false;
    }
    return true;
}

static void keep_half(const half *h, const patches *p, int32_t at, mn_requant *q) {
    memcpy(q->scale + at, h->scale, sizeof h->scale);
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
    patches p;
    memset(&h, 0, sizeof h), memset(&p, 0, sizeof p);
    for (int32_t i = 0; i < HALF; i++) {
        if (low[at + i] < INT32_MIN || high[at + i] > INT32_MAX) return false; /* sums may wrap */
        h.low[i] = (double)low[at + i], h.high[i] = (double)high[at + i];
    }
    if (!start_half(q, at, !is_signed, &h)) return false;
    for (int32_t i = 0; i < SIDES; i++) {
        if (sides[i].first <= sides[i].last && !choose_offset(&h, &sides[i], q->zero, i)) return false;
    }
    /* Where one side has no thresholds, the clamp hides it. */
    if (sides[0].first > sides[0].last) memcpy(h.offset[0], h.offset[1], sizeof h.offset[0]);
    if (sides[1].first > sides[1].last) memcpy(h.offset[1], h.offset[0], sizeof h.offset[1]);
    for (int32_t i = 0; i < SIDES; i++) {
        if (!patch_side(&h, &sides[i], q->zero, i, &p)) return false;
    }
    if (is_signed && !sides_meet(&h, q->zero)) return false;
    q->is_signed |= is_signed;
    keep_half(&h, &p, at, q);
    return true;
}

void mn_requant_patch(mn_requant *q, const int64_t *low, const int64_t *high, mn_range_i32 range) {
    if (q->is_float || range.min >= range.max) return;
    q->is_patched = patch_half(q, 0, range, low, high) && patch_half(q, HALF, range, low, high);
    if (q->is_patched) return;
    q->patches = 0;
    memset(q->centre, 0, sizeof q->centre);
}

#endif

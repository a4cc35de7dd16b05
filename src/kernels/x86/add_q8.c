/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/add_q8_form.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "kernels/quant.h"
#include "kernels/x86/q8_avx2.h"

#include "kernels/x86/add_q8_ymm.h"

/* Sums by what they are modulo a step, so coarsely that few of 256 share one of them. */
enum { VALUES = 256, PLACES_BITS = 12, PLACES = 1 << PLACES_BITS };

/* Result per unit of an operand, as a real number. */
static double factor(const mn_binary_params *p, int i) {
    const double in = ldexp(p->in[i].multiplier, p->in[i].shift - 31 + MN_ADD_SHIFT);
    const double out = ldexp(p->out.multiplier, p->out.shift - 31);
    return (i == 1 && p->subtract ? -1 : 1) * in * out;
}

/* Splits factor x 2^(bits + 8) into two signed 16-bit parts; false when it does not fit. */
static bool split(double factor, int32_t bits, int16_t *high, int16_t *low) {
    const double scaled = nearbyint(ldexp(factor, bits + 8));
    if (!(fabs(scaled) < 0x7fff.0p16)) return false;
    const int64_t whole = (int64_t)scaled;
    *high = (int16_t)((whole + 0x8000) >> 16);
    *low = (int16_t)(whole - (int64_t)*high * 0x10000);
    return true;
}

static int32_t both(int16_t first, int16_t second) {
    return (int32_t)((uint32_t)(uint16_t)second << 16 | (uint16_t)first);
}

/* The most bits behind the point with which no sum leaves 32 bits, and what the offset would be if nothing were
 * rounded; false when there are none worth having. */
static bool choose_factors(mn_add_q8 *a, const double *factors) {
    const double zeros = factors[0] * a->zero[0] + factors[1] * a->zero[1];
    const double most = 128 * (fabs(factors[0]) + fabs(factors[1])) + fabs(zeros) + 130;
    int16_t high[2], low[2];
    for (a->bits = 22; a->bits >= PLACES_BITS; a->bits--) {
        if (ldexp(most, a->bits) >= 0x1p31) continue;
        if (!split(factors[0], a->bits, &high[0], &low[0]) || !split(factors[1], a->bits, &high[1], &low[1])) continue;
        a->high = both(high[0], high[1]);
        a->low = both(low[0], low[1]);
        a->offset = (int32_t)ldexp(a->out.zero + 0.5 - zeros, a->bits);
        return true;
    }
    return false;
}

/* How far the short form's sum can be from the real number that the exact form rounds, at most half a step: rescaled
 * operands are off by 1 each, the last two roundings by 2^(shift-1) beside the half, and in the short form factors by
 * 128 / 256 and three numbers by 1 each. */
static int32_t error_of(const mn_add_q8 *a, const mn_binary_params *p) {
    const double units = ldexp(1, a->bits), operands = 2 * ldexp(p->out.multiplier, p->out.shift - 31);
    const double error = (operands + ldexp(1, p->out.shift - 1)) * units + 4;
    return error < units / 2 ? (int32_t)error + 1 : (int32_t)(units / 2);
}

/* All values of both operands, and how near to a step a sum must be for its rounding to matter. */
typedef struct search {
    q8_exact out;
    int32_t rescaled[2][VALUES];             /* operand 1 with the sign it is added with */
    int32_t high[2][VALUES], low[2][VALUES]; /* times the short form's factors, high ones 256 times */
    uint8_t taken[PLACES];                   /* by operand 1 */
    int32_t near;
} search;

/* Where a sum is between two steps. */
static uint32_t place_of(const mn_add_q8 *a, uint32_t sum) { return sum & ((1u << a->bits) - 1); }

static uint32_t coarsely(const mn_add_q8 *a, uint32_t place) { return place >> (a->bits - PLACES_BITS); }

/* What one operand is worth in the short form, or one less beside another. */
static uint32_t worth(const search *s, int i, int32_t value) {
    return (uint32_t)s->high[i][value] + (uint32_t)(s->low[i][value] >> 8);
}

Q8_TARGET static void rescale_all(const mn_binary_params *p, const mn_add_q8 *a, int i, int32_t *out) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), none = _mm256_setzero_si256();
    mn_add_operand operand = mn_add_operand_of(&p->in[i]);
    operand.zero = a->zero[i];
    for (int32_t first = 0; first < VALUES; first += Q8_LANES) {
        const __m256i values = _mm256_add_epi32(lanes, _mm256_set1_epi32(first - 128));
        const __m256i rescaled = q8_add_operand(values, &operand);
        _mm256_storeu_si256((__m256i *)(void *)(out + first),
                            i == 1 && a->subtract ? _mm256_sub_epi32(none, rescaled) : rescaled);
    }
}

static void multiply_all(const mn_add_q8 *a, search *s) {
    for (int i = 0; i < 2; i++) {
        const int32_t high = i ? a->high >> 16 : (int16_t)a->high, low = i ? a->low >> 16 : (int16_t)a->low;
        for (int32_t value = 0; value < VALUES; value++) {
            s->high[i][value] = high * (value - 128) * 256;
            s->low[i][value] = low * (value - 128);
        }
    }
    for (int32_t value = 0; value < VALUES; value++) s->taken[coarsely(a, place_of(a, worth(s, 1, value)))] = 1;
}

/* May a sum of `x` with any other operand be near a step? For most x none is. */
static bool any_near(const mn_add_q8 *a, const search *s, int32_t x) {
    const uint32_t near = (uint32_t)s->near;
    const uint32_t first = place_of(a, -(worth(s, 0, x) + (uint32_t)a->offset + near + 1));
    for (uint32_t i = coarsely(a, first); i <= coarsely(a, first + 2 * near + 1); i++) {
        if (s->taken[i % PLACES]) return true;
    }
    return false;
}

/* The offsets between which 8 pairs give the exact result; those at an end of the range are bounded on one side only.
 * Returns whether any sum is near a step. */
Q8_INLINE bool bound(const mn_add_q8 *a, const search *s, int32_t x, int32_t y, __m256i *least, __m256i *most) {
    const __m256i within = _mm256_set1_epi32((1 << a->bits) - 1);
    const __m256i range_min = _mm256_set1_epi32(a->range.min), range_max = _mm256_set1_epi32(a->range.max);
    const __m256i low = _mm256_add_epi32(_mm256_set1_epi32(s->low[0][x]), q8_load(s->low[1] + y));
    const __m256i high = _mm256_add_epi32(_mm256_set1_epi32(s->high[0][x]), q8_load(s->high[1] + y));
    const __m256i products = _mm256_add_epi32(high, _mm256_srai_epi32(low, 8));
    const __m256i ahead = _mm256_add_epi32(products, _mm256_set1_epi32(a->offset + s->near));
    const __m256i far = _mm256_cmpgt_epi32(_mm256_and_si256(ahead, within), _mm256_set1_epi32(2 * s->near));
    if (_mm256_movemask_epi8(far) == -1) return false;
    const __m256i sum = _mm256_add_epi32(_mm256_set1_epi32(s->rescaled[0][x]), q8_load(s->rescaled[1] + y));
    const __m256i exact = _mm256_max_epi32(q8_requant_exact(sum, &s->out), range_min);
    const __m256i result = _mm256_min_epi32(exact, range_max);
    const __m256i from = _mm256_sub_epi32(_mm256_sll_epi32(result, _mm_cvtsi32_si128(a->bits)), products);
    *least = _mm256_blendv_epi8(_mm256_set1_epi32(INT32_MIN), from, _mm256_cmpgt_epi32(result, range_min));
    *most = _mm256_blendv_epi8(_mm256_set1_epi32(INT32_MAX), _mm256_add_epi32(from, within),
                               _mm256_cmpgt_epi32(range_max, result));
    return true;
}

/* Notes the pairs that need a higher offset than there is; false when they are too many. */
Q8_TARGET static bool fix_up_pairs(mn_add_q8 *a, const search *s) {
    for (int32_t x = 0; x < VALUES; x++) {
        for (int32_t y = any_near(a, s, x) ? 0 : VALUES; y < VALUES; y += Q8_LANES) {
            __m256i least, most;
            if (!bound(a, s, x, y, &least, &most)) continue;
            const __m256i above = _mm256_cmpgt_epi32(least, _mm256_set1_epi32(a->offset));
            const int32_t wrong = _mm256_movemask_ps(_mm256_castsi256_ps(above));
            for (int32_t lane = 0; lane < Q8_LANES; lane++) {
                if (!(wrong >> lane & 1)) continue;
                if (a->fixups == MN_ADD_Q8_FIXUPS) return false;
                a->fixup[a->fixups][0] = (int8_t)(x - 128);
                a->fixup[a->fixups++][1] = (int8_t)(y + lane - 128);
            }
        }
    }
    return true;
}

/* Between these two offsets, inclusive, every pair of operands gives the exact result. */
Q8_TARGET static void bound_all(const mn_add_q8 *a, const search *s, int32_t *lowest, int32_t *highest) {
    int32_t ends[2][Q8_LANES];
    __m256i low = _mm256_set1_epi32(a->offset - s->near), high = _mm256_set1_epi32(a->offset + s->near);
    for (int32_t x = 0; x < VALUES; x++) {
        for (int32_t y = any_near(a, s, x) ? 0 : VALUES; y < VALUES; y += Q8_LANES) {
            __m256i least, most;
            if (!bound(a, s, x, y, &least, &most)) continue;
            low = _mm256_max_epi32(low, least);
            high = _mm256_min_epi32(high, most);
        }
    }
    _mm256_storeu_si256((__m256i *)(void *)ends[0], low);
    _mm256_storeu_si256((__m256i *)(void *)ends[1], high);
    *lowest = ends[0][0], *highest = ends[1][0];
    for (int i = 1; i < Q8_LANES; i++) {
        *lowest = mn_max_i32(*lowest, ends[0][i]);
        *highest = mn_min_i32(*highest, ends[1][i]);
    }
}

/* An offset, no further than `near` from the one there is, with which every pair of operands gives the exact result,
 * but for a few that then get fixups. Only sums that are near a step bound it. */
Q8_TARGET static bool find_offset(const mn_binary_params *p, mn_add_q8 *a, int32_t near) {
    search s = {.out = q8_exact_of(&a->out, 0), .near = near};
    int32_t lowest, highest;
    for (int i = 0; i < 2; i++) rescale_all(p, a, i, s.rescaled[i]);
    multiply_all(a, &s);
    bound_all(a, &s, &lowest, &highest);
    if (lowest <= highest) {
        a->offset = (int32_t)(((int64_t)lowest + highest) >> 1);
        return true;
    }
    if (highest < a->offset - near) return false;
    /* Twice as near, as the offset itself moves by as much. */
    s.near = near < 1 << (a->bits - 2) ? 2 * near : 1 << (a->bits - 1);
    a->offset = highest;
    return fix_up_pairs(a, &s);
}

void mn_add_q8_fill(const mn_binary_params *p, mn_type type, mn_add_q8 *out) {
    const int32_t centre = type == MN_UINT8 ? 128 : 0;
    memset(out, 0, sizeof *out);
    mn_requant_fill_exact(&out->in[0], p->in[0].multiplier, p->in[0].shift, 0);
    mn_requant_fill_exact(&out->in[1], p->in[1].multiplier, p->in[1].shift, 0);
    mn_requant_fill_exact(&out->out, p->out.multiplier, p->out.shift, p->out.zero - centre);
    out->zero[0] = p->in[0].zero - centre;
    out->zero[1] = p->in[1].zero - centre;
    out->subtract = p->subtract;
    out->range = (mn_range_i32){p->range.min - centre, p->range.max - centre};
    const double factors[2] = {factor(p, 0), factor(p, 1)};
    out->is_short = choose_factors(out, factors) && find_offset(p, out, error_of(out, p));
}

#endif

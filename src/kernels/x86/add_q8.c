/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/add_q8.h"

#include <math.h>
#include <string.h>

#include "kernels/quant.h"

_Static_assert(MN_ADD_SHIFT == 20, "mn_add_q8_operand() shifts by as much");

enum { VALUES = 256, LANES = MN_REQUANT_LANES };

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
    for (a->bits = 22; a->bits >= 12; a->bits--) {
        if (ldexp(most, a->bits) >= 0x1p31) continue;
        if (!split(factors[0], a->bits, &high[0], &low[0]) || !split(factors[1], a->bits, &high[1], &low[1])) continue;
        a->high = both(high[0], high[1]);
        a->low = both(low[0], low[1]);
        a->offset = (int32_t)ldexp(a->out.zero + 0.5 - zeros, a->bits);
        return true;
    }
    return false;
}

/* All values of operand `i`, rescaled; operand 1 with the sign it is added with. */
Q8_TARGET static void rescale_all(const mn_add_q8 *a, int i, int32_t *out) {
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int32_t first = 0; first < VALUES; first += LANES) {
        const __m512i values = _mm512_add_epi32(lanes, _mm512_set1_epi32(first - 128));
        const __m512i rescaled = mn_add_q8_operand(a, i, values), none = _mm512_setzero_si512();
        _mm512_storeu_si512(out + first, i == 1 && a->subtract ? _mm512_sub_epi32(none, rescaled) : rescaled);
    }
}

/* How far the short form's sum can be from the real number that the exact form rounds, at most half a step: rescaled
 * operands are off by 1 each, the last two roundings by 2^(shift-1) beside the half, and in the short form factors by
 * 128 / 256 and three numbers by 1 each. */
static int32_t error_of(const mn_add_q8 *a, const mn_binary_params *p) {
    const double units = ldexp(1, a->bits), operands = 2 * ldexp(p->out.multiplier, p->out.shift - 31);
    const double error = (operands + ldexp(1, p->out.shift - 1)) * units + 4;
    return error < units / 2 ? (int32_t)error + 1 : (int32_t)(units / 2);
}

/* All operands and how near to a step a sum must be for its rounding to matter. */
typedef struct search {
    int32_t rescaled[2][VALUES];
    int32_t high[2][VALUES], low[2][VALUES]; /* times the short form's factors, high ones 256 times */
    int32_t near;
} search;

Q8_TARGET static void multiply_all(const mn_add_q8 *a, search *s) {
    for (int i = 0; i < 2; i++) {
        const int32_t high = i ? a->high >> 16 : (int16_t)a->high, low = i ? a->low >> 16 : (int16_t)a->low;
        for (int32_t value = 0; value < VALUES; value++) {
            s->high[i][value] = high * (value - 128) * 256;
            s->low[i][value] = low * (value - 128);
        }
    }
}

/* Is a sum of `x` with any other operand near a step? For most x none is. */
Q8_TARGET static bool any_near(const mn_add_q8 *a, const search *s, int32_t x) {
    const __m512i high = _mm512_add_epi32(_mm512_set1_epi32(s->high[0][x]), _mm512_set1_epi32(a->offset + s->near));
    const __m512i low = _mm512_set1_epi32(s->low[0][x]), mask = _mm512_set1_epi32((1 << a->bits) - 1);
    __m512i least = mask;
    for (int32_t y = 0; y < VALUES; y += LANES) {
        const __m512i lows = _mm512_srai_epi32(_mm512_add_epi32(low, _mm512_loadu_si512(s->low[1] + y)), 8);
        const __m512i sums = _mm512_add_epi32(_mm512_add_epi32(high, _mm512_loadu_si512(s->high[1] + y)), lows);
        least = _mm512_min_epu32(least, _mm512_and_si512(sums, mask));
    }
    return _mm512_cmple_epi32_mask(least, _mm512_set1_epi32(2 * s->near)) != 0;
}

/* The offsets between which 16 pairs give the exact result; those at an end of the range are bounded on one side only.
 * Returns whether any sum is near a step. */
Q8_INLINE bool bound(const mn_add_q8 *a, const search *s, int32_t x, int32_t y, __m512i *least, __m512i *most) {
    const int32_t step = 1 << a->bits;
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i range_min = _mm512_set1_epi32(a->range.min), range_max = _mm512_set1_epi32(a->range.max);
    const __m512i products =
        mn_add_q8_products(a, _mm512_set1_epi32(x - 128), _mm512_add_epi32(lanes, _mm512_set1_epi32(y - 128)));
    const __m512i place =
        _mm512_and_si512(_mm512_add_epi32(products, _mm512_set1_epi32(a->offset)), _mm512_set1_epi32(step - 1));
    if (!(_mm512_cmple_epi32_mask(place, _mm512_set1_epi32(s->near)) |
          _mm512_cmpge_epi32_mask(place, _mm512_set1_epi32(step - s->near)))) {
        return false;
    }
    const __m512i sum = _mm512_add_epi32(_mm512_set1_epi32(s->rescaled[0][x]), _mm512_loadu_si512(s->rescaled[1] + y));
    const __m512i exact = _mm512_max_epi32(mn_q8_requant_exact(sum, &a->out), range_min);
    const __m512i result = _mm512_min_epi32(exact, range_max);
    const __m512i from = _mm512_sub_epi32(_mm512_sll_epi32(result, _mm_cvtsi32_si128(a->bits)), products);
    *least = _mm512_mask_mov_epi32(_mm512_set1_epi32(INT32_MIN), _mm512_cmpgt_epi32_mask(result, range_min), from);
    *most = _mm512_mask_add_epi32(_mm512_set1_epi32(INT32_MAX), _mm512_cmplt_epi32_mask(result, range_max), from,
                                  _mm512_set1_epi32(step - 1));
    return true;
}

/* Notes the pairs that need a higher offset than there is; false when they are too many. */
Q8_TARGET static bool fix_up_pairs(mn_add_q8 *a, const search *s) {
    for (int32_t x = 0; x < VALUES; x++) {
        for (int32_t y = any_near(a, s, x) ? 0 : VALUES; y < VALUES; y += LANES) {
            __m512i least, most;
            if (!bound(a, s, x, y, &least, &most)) continue;
            uint32_t wrong = _mm512_cmpgt_epi32_mask(least, _mm512_set1_epi32(a->offset));
            for (int32_t lane = 0; wrong; lane++, wrong >>= 1) {
                if (!(wrong & 1)) continue;
                if (a->fixups == MN_ADD_Q8_FIXUPS) return false;
                a->fixup[a->fixups][0] = (int8_t)(x - 128);
                a->fixup[a->fixups++][1] = (int8_t)(y + lane - 128);
            }
        }
    }
    return true;
}

/* An offset, no further than `near` from the one there is, with which every pair of operands gives the exact result,
 * but for a few that then get fixups. Only sums that are near a step bound it. */
Q8_TARGET static bool find_offset(mn_add_q8 *a, int32_t near) {
    search s = {.near = near};
    __m512i low = _mm512_set1_epi32(a->offset - near), high = _mm512_set1_epi32(a->offset + near);
    for (int i = 0; i < 2; i++) rescale_all(a, i, s.rescaled[i]);
    multiply_all(a, &s);
    for (int32_t x = 0; x < VALUES; x++) {
        for (int32_t y = any_near(a, &s, x) ? 0 : VALUES; y < VALUES; y += LANES) {
            __m512i least, most;
            if (!bound(a, &s, x, y, &least, &most)) continue;
            low = _mm512_max_epi32(low, least);
            high = _mm512_min_epi32(high, most);
        }
    }
    const int32_t lowest = _mm512_reduce_max_epi32(low), highest = _mm512_reduce_min_epi32(high);
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
    out->is_short = choose_factors(out, factors) && find_offset(out, error_of(out, p));
}

#endif

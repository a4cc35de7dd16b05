/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Floats that requantise 16 channels, wrong for as few accumulators as can be. Included by the search and by what makes
 * fixups for those accumulators, and by nothing else. */
#ifndef MN_KERNELS_X86_REQUANT_SEARCH_H
#define MN_KERNELS_X86_REQUANT_SEARCH_H

#include "kernels/x86/requant.h"

enum { LANES = MN_REQUANT_LANES, SIDES = 2 };

/* One sign of accumulators: results zero + first to zero + last begin at thresholds among them. Exact results reach
 * zero + j from the first accumulator T on with
 *   T S >= j - 1/2 - e, T > 0, or  T S >= j - 1/2 + e, T <= 0;   e = 2^(30-bits), or 0 when bits is 31.
 * What follows is that of requant.c: the remainder R(j) is T S less the right side, in [0, S); with a scale of
 * S (1 + r) and an offset that is off by db the float result at T lies distance(j) + db above zero + j - 1/2, and at
 * T - 1 S (1 + r) - distance(j) - db below it, where distance(j) = R (1 + r) + (j - 1/2 -+ e - centre S) r. Here j is
 * taken less the middle of those that matter, and what is left out that way goes into the offset. Distances are in
 * units of S / 2^31. */
typedef struct side {
    int32_t first, last;
    int32_t sign;                   /* of e: -1 or 1 */
    int32_t from[LANES], to[LANES]; /* the j that matter: those near what accumulators can reach */
    int32_t remainder[LANES]; /* R(first), a fraction of S in 32 bits, short by at most `uncertainty` after all steps */
} side;

typedef struct channels {
    const mn_requant *q;
    double scale[LANES], inverse[LANES], extra[LANES]; /* S, 1 / S and e */
    double half[LANES];                                /* S / 2 / unit of multipliers: 2^(bits-1) modulo them */
    double low[LANES], high[LANES];                    /* no accumulator is below or above */
    double centre[LANES];
    int32_t decrement[LANES]; /* R(j) - R(j+1), a fraction */
    int32_t uncertainty[LANES];
    side sides[SIDES];
    bool is_signed;
} channels;

/* This many of the least and of the greatest distances are kept; with all of them excluded, less is known. */
enum { KEPT = 3 };

/* More than there can be fixups. */
enum { HOPELESS = 2 * KEPT * SIDES };

/* What a lane gets. */
typedef struct solution {
    float scale, offset[SIDES]; /* of accumulators from 0 on, and below 0 */
    int32_t centre_shift;       /* the centre, by this */
    int32_t uncertain;          /* thresholds at which results may be wrong */
    uint8_t lows[SIDES], highs[SIDES];
    uint8_t low[SIDES][KEPT], high[SIDES][KEPT]; /* the j of those, less the side's first */
    uint8_t tried;                               /* scales */
} solution;

/* j - 1/2 -+ e for j = 0. */
static inline double right_side(const channels *c, const side *s, int32_t lane) {
    return s->sign * c->extra[lane] - 0.5;
}

/* How many thresholds matter. */
static inline int32_t thresholds_of(const side *s, int32_t lane) {
    return s->to[lane] < s->from[lane] ? 0 : s->to[lane] - s->from[lane] + 1;
}

static inline bool has_thresholds(const side *s) { return s->first <= s->last; }

/* x in [low, high]; two comparisons, because fmin and fmax are more. */
static inline double clamp(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

/* Centres are moved by less. Floats of offsets are far apart where scales are tiny; but moving the centre by n moves
 * the offset by n S, and some n brings it next to a float. */
enum { CENTRE_SHIFTS = 32 };

/* The scale and the offsets of each lane; `solved` lanes have theirs already, which are right everywhere. */
void mn_requant_search(const channels *c, int32_t solved, solution best[LANES]);

/* The same, for AVX-512. */
void mn_requant_search_wide(const channels *c, int32_t solved, solution best[LANES]);

#endif

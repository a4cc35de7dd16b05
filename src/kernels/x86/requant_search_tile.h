/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Of the floats next to a channel's scale, the one that leaves fewest thresholds wrong, and the offset that goes with
 * it. 16 at a time; all thresholds are looked at, so what is found right is proven so. The including file defines
 * TARGET and INLINE, the attributes of its functions, and `vector`, 16 numbers of 32 bits, with load(), store(),
 * set_all(), add(), subtract(), multiply(), least(), greatest(), half() without a sign, eight_times(), least_lane(),
 * greatest_lane(), with_tag(), the bits of `tag` from `number` and the others from `value`, and within(), `value` where
 * `at` is from `from` to `to` and otherwise `other`. It gets search(). */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "kernels/x86/requant_search.h"

#define UNROLL _Pragma("GCC unroll 8")

/* ---- Scales that are tried ------------------------------------------------------------------------------- */

/* With each distance goes the j it belongs to, less the side's first, in its last bits. */
enum { TAG = 255 };

/* Half of all there is in units, taken off so that signed sums do not overflow. */
#define MIDDLE (INT32_C(1) << 30)

/* Lines of distances, and what distances may be off by, stay below this; more than that no candidate is good for. */
#define LARGEST 0x1p29

/* Up to 16 lanes, some perhaps several times, each with a scale. */
typedef struct candidates {
    int32_t count, kept;                     /* 1 to find out which are right everywhere, or KEPT */
    int32_t lane[LANES], ulps[LANES];        /* from the nearest float */
    float scale[LANES];                      /* S (1 + r) */
    double exact[LANES], inverse[LANES];     /* S and 1 / S */
    double scale_error[LANES], per_j[LANES]; /* r, and in units for each j */
    int32_t bad[LANES];
    /* Of each side: the least distances less what they may be off by, the greatest ones plus that; in order, in units
     * less MIDDLE, with their tags. */
    int32_t low[SIDES][KEPT][LANES], high[SIDES][KEPT][LANES];
} candidates;

TARGET static void set_scales(const channels *c, candidates *set) {
    for (int32_t i = 0; i < LANES; i++) {
        set->exact[i] = c->scale[set->lane[i]];
        set->inverse[i] = c->inverse[set->lane[i]];
        set->scale[i] = (float)set->exact[i];
    }
    const vector nearest = load((const int32_t *)(const void *)set->scale);
    store((int32_t *)(void *)set->scale, add(nearest, load(set->ulps)));
    for (int32_t i = 0; i < LANES; i++) {
        set->scale_error[i] = ((double)set->scale[i] - set->exact[i]) * set->inverse[i];
        set->per_j[i] = rint(clamp(set->scale_error[i] * set->inverse[i] * 0x1p31, -LARGEST, LARGEST));
        set->bad[i] = 0;
    }
}

/* Distances that are computed together. They begin where results less 1 are multiples of their number, so that their
 * floats have the same exponent. */
enum { CHUNK = 8, EXPONENTS = 3 };

/* What a distance may be off by, in units, beside R r: fractions are uncertain by 2^9 once halved, 2^8 is the tag, 2^7
 * rounding r; the line's beginning and the shift are good for another 2. */
enum { DISTANCE_ERROR = 1024 };

/* What the candidates of a side need on their way. */
typedef struct sweep {
    int32_t from[LANES], to[LANES], remainder[LANES], decrement[LANES], uncertainty[LANES];
    int32_t line[LANES], rise[LANES];     /* of the first chunk, and to the next */
    int32_t margin[EXPONENTS][LANES];     /* what distances may be off by and what rounding to a float can do */
    int32_t begin, end, all_from, all_to; /* chunks begin at j = begin; where all lanes matter */
} sweep;

/* What each candidate's lane has in a list. */
static void gather_lanes(const int32_t *from, const int32_t *lane, int32_t *to) {
    for (int32_t i = 0; i < LANES; i++) to[i] = from[lane[i]];
}

TARGET static void set_lines(const side *s, candidates *set, sweep *w) {
    double error[LANES];
    for (int32_t i = 0; i < LANES; i++) {
        const double per_j = set->per_j[i], half = (w->to[i] - w->from[i]) * 0.5;
        const double line = (w->begin + (CHUNK - 1) * 0.5 - (w->from[i] + half)) * per_j;
        error[i] = DISTANCE_ERROR + fabs(per_j) * (CHUNK * 0.5) + fabs(set->scale_error[i]) * 0x1p31;
        /* Of lanes that do not matter yet it may be large: then it is anything. */
        w->line[i] = (int32_t)((uint32_t)(int64_t)line - (uint32_t)MIDDLE);
        w->rise[i] = (int32_t)((uint32_t)(int32_t)per_j * CHUNK);
        set->bad[i] |= (w->from[i] <= w->to[i]) & ((fabs(per_j) * (half + CHUNK) > LARGEST) |
                                                   (error[i] + 0x1p31 * 0x1p-18 * set->inverse[i] > LARGEST));
    }
    const vector before = multiply(set_all(s->first - w->begin), load(w->decrement));
    store(w->remainder, add(load(w->remainder), before));
    for (int32_t e = 0; e < EXPONENTS; e++) {
        const double rounding = 0x1p31 * 0x1p-20 * (1 << e);
        for (int32_t i = 0; i < LANES; i++) {
            w->margin[e][i] = (int32_t)clamp(error[i] + rounding * set->inverse[i], 0, LARGEST);
        }
    }
}

TARGET static void set_sweep(const channels *c, const side *s, candidates *set, sweep *w) {
    const int32_t *lane = set->lane;
    gather_lanes(s->from, lane, w->from);
    gather_lanes(s->to, lane, w->to);
    gather_lanes(s->remainder, lane, w->remainder);
    gather_lanes(c->decrement, lane, w->decrement);
    gather_lanes(c->uncertainty, lane, w->uncertainty);
    const vector from = load(w->from), to = load(w->to);
    w->begin = least_lane(from), w->end = greatest_lane(to) + 1;
    w->all_from = greatest_lane(from), w->all_to = least_lane(to);
    w->begin -= (c->q->zero + w->begin - 1) & (CHUNK - 1);
    set_lines(s, set, w);
}

/* Rounding to a float moves a result by up to half a unit in the last place: 2^-18 from 64 on, half of that from 32
 * on, and half of that below. Of results `value` to value + CHUNK - 1, as a power of two less 20. */
static int32_t rounding_of(int32_t value) {
    const int32_t least = value <= -CHUNK ? -(value + CHUNK - 1) : value - 1;
    return least >= 64 ? 2 : least >= 32 ? 1 : 0;
}

/* Three least and three greatest so far, in order. */
typedef struct extremes {
    vector low[KEPT], high[KEPT];
} extremes;

INLINE void insert(extremes *e, int32_t kept, vector low, vector high) {
    UNROLL for (int32_t i = 0; i < kept; i++) {
        const vector more = greatest(e->low[i], low), less = least(e->high[i], high);
        e->low[i] = least(e->low[i], low);
        e->high[i] = greatest(e->high[i], high);
        low = more, high = less;
    }
}

/* One chunk, from j on. A constant `whole`, every distance matters in every lane, saves looking at each. A remainder
 * next to 0 may be one next to all of S and the other way round, so what is taken for the least is not what is taken
 * for the greatest. */
INLINE void sweep_chunk(bool whole, int32_t kept, const sweep *w, const side *s, int32_t j, vector line, vector margin,
                        vector remainder, extremes *e) {
    const vector decrement = load(w->decrement), tag = set_all(TAG);
    const vector low_line = subtract(line, margin), high_line = add(line, margin);
    vector high_remainder = remainder, low_remainder = add(remainder, load(w->uncertainty));
    _Pragma("GCC unroll 1") for (int32_t i = 0; i < CHUNK; i++) {
        const vector number = set_all(j + i - s->first);
        vector low = add(half(low_remainder), low_line);
        vector high = add(half(high_remainder), high_line);
        if (kept > 1) {
            low = with_tag(tag, number, low);
            high = with_tag(tag, number, high);
        }
        if (!whole) {
            const vector at = set_all(j + i), from = load(w->from), to = load(w->to);
            low = within(from, at, to, low, set_all(INT32_MAX));
            high = within(from, at, to, high, set_all(INT32_MIN));
        }
        insert(e, kept, low, high);
        low_remainder = subtract(low_remainder, decrement);
        high_remainder = subtract(high_remainder, decrement);
    }
}

INLINE void sweep_all(int32_t kept, const sweep *w, const side *s, int32_t zero, extremes *e) {
    const vector next = eight_times(load(w->decrement)), rise = load(w->rise);
    vector remainder = load(w->remainder), line = load(w->line);
    for (int32_t j = w->begin; j < w->end; j += CHUNK) {
        const vector margin = load(w->margin[rounding_of(zero + j)]);
        if (j >= w->all_from && j + CHUNK - 1 <= w->all_to) {
            sweep_chunk(true, kept, w, s, j, line, margin, remainder, e);
        } else {
            sweep_chunk(false, kept, w, s, j, line, margin, remainder, e);
        }
        remainder = subtract(remainder, next);
        line = add(line, rise);
    }
}

TARGET static void find_extremes(const channels *c, int32_t which, candidates *set) {
    const side *s = &c->sides[which];
    sweep w;
    extremes e;
    set_sweep(c, s, set, &w);
    for (int32_t i = 0; i < KEPT; i++) {
        e.low[i] = set_all(INT32_MAX);
        e.high[i] = set_all(INT32_MIN);
    }
    if (set->kept == 1) {
        sweep_all(1, &w, s, c->q->zero, &e);
    } else {
        sweep_all(KEPT, &w, s, c->q->zero, &e);
    }
    for (int32_t i = 0; i < KEPT; i++) {
        store(set->low[which][i], e.low[i]);
        store(set->high[which][i], e.high[i]);
    }
}

/* ---- The best one ---------------------------------------------------------------------------------------- */

/* How many of the least and of the greatest distances may be left out, fewest together first. */
static const struct {
    uint8_t lows, highs;
} exclusions[] = {{0, 0}, {1, 0}, {0, 1}, {1, 1}, {2, 0}, {0, 2}, {2, 1}, {1, 2}, {2, 2}};

enum { EXCLUSIONS = sizeof exclusions / sizeof exclusions[0] };

/* Of all candidates of a side: which distances are left out, EXCLUSIONS where none is enough, and what the offset
 * lies between then. */
typedef struct offset_bounds {
    int32_t exclusion[LANES];
    double low[LANES], high[LANES];
} offset_bounds;

/* Offsets lie between what the least and the greatest distance left ask for: the float in the middle; or some float
 * once the centre is moved, where that is more than a sixteenth of what floats up to 128 are apart. */
TARGET static void bound_offsets(const channels *c, int32_t which, const candidates *set, offset_bounds *out) {
    const side *s = &c->sides[which];
    double unit[LANES], ideal[LANES];
    for (int32_t i = 0; i < LANES; i++) {
        const int32_t lane = set->lane[i];
        const double scale = set->exact[i], back = c->centre[lane] * scale,
                     middle = (s->from[lane] + s->to[lane]) * 0.5;
        const double line = (right_side(c, s, lane) + middle - back) * set->scale_error[i];
        unit[i] = scale * 0x1p-31;
        ideal[i] = c->q->zero - s->sign * c->extra[lane] + back - line;
        out->exclusion[i] = EXCLUSIONS;
        out->low[i] = ideal[i];
        out->high[i] = ideal[i] + scale;
    }
    for (int32_t k = set->kept == KEPT ? EXCLUSIONS - 1 : 0; k >= 0; k--) {
        const int32_t *low_end = set->low[which][exclusions[k].lows], *most = set->high[which][exclusions[k].highs];
        for (int32_t i = 0; i < LANES; i++) {
            const double low = ideal[i] - ((low_end[i] & ~TAG) + (double)MIDDLE) * unit[i];
            const double high = ideal[i] + (double)set->scale[i] - ((most[i] & ~TAG) + (double)MIDDLE + TAG) * unit[i];
            const double offset = (double)(float)((low + high) * 0.5);
            const bool some = (high - low > 0x1p-21) & !c->is_signed;
            const bool works = (((offset > low) & (offset < high)) | some) & !set->bad[i];
            out->exclusion[i] = works ? k : out->exclusion[i];
            out->low[i] = works ? low : out->low[i];
            out->high[i] = works ? high : out->high[i];
        }
    }
}

/* The float nearest to the middle of what the offset lies between; false if it is outside. */
static bool find_offset(const channels *c, const offset_bounds *v, int32_t i, solution *out, float *offset) {
    const double middle = (v->low[i] + v->high[i]) * 0.5, scale = (double)out->scale;
    for (int32_t n = 0; n < (c->is_signed ? 1 : CENTRE_SHIFTS); n++) {
        *offset = (float)(middle + n * scale);
        const double at = (double)*offset - n * scale;
        out->centre_shift = n;
        if (at > v->low[i] && at < v->high[i]) return true;
    }
    return false;
}

/* Where no exclusion is known, few thresholds can all be uncertain. */
static int32_t count_uncertain(const side *s, int32_t lane, int32_t exclusion) {
    const int32_t count = thresholds_of(s, lane);
    if (count == 0) return 0;
    if (exclusion < EXCLUSIONS) return exclusions[exclusion].lows + exclusions[exclusion].highs;
    return count > KEPT ? HOPELESS : 2 * count;
}

static void fill_side(const channels *c, int32_t which, const candidates *set, int32_t i, const offset_bounds *v,
                      solution *out) {
    const side *s = &c->sides[which];
    const int32_t lane = set->lane[i], count = thresholds_of(s, lane), exclusion = v->exclusion[i];
    out->lows[which] = out->highs[which] = 0;
    if (count == 0 || (exclusion == EXCLUSIONS && count > KEPT)) return;
    out->lows[which] = exclusion < EXCLUSIONS ? exclusions[exclusion].lows : (uint8_t)count;
    out->highs[which] = exclusion < EXCLUSIONS ? exclusions[exclusion].highs : 0;
    for (int32_t n = 0; n < out->lows[which]; n++) {
        out->low[which][n] =
            (uint8_t)(exclusion < EXCLUSIONS ? set->low[which][n][i] & TAG : s->from[lane] - s->first + n);
    }
    for (int32_t n = 0; n < out->highs[which]; n++) out->high[which][n] = (uint8_t)(set->high[which][n][i] & TAG);
}

/* Keeps what is better than the best so far. */
static void keep_better(const channels *c, const candidates *set, const offset_bounds v[SIDES], int32_t i,
                        solution *best) {
    int32_t uncertain = 0;
    for (int32_t which = 0; which < SIDES; which++) {
        const side *s = &c->sides[which];
        if (has_thresholds(s)) uncertain += count_uncertain(s, set->lane[i], v[which].exclusion[i]);
    }
    if (uncertain >= best->uncertain) return;
    solution new = {.scale = set->scale[i], .uncertain = uncertain, .tried = best->tried};
    for (int32_t which = 0; which < SIDES; which++) {
        if (!has_thresholds(&c->sides[which])) continue;
        fill_side(c, which, set, i, &v[which], &new);
        const bool found = find_offset(c, &v[which], i, &new, &new.offset[which]);
        if (!found && v[which].exclusion[i] < EXCLUSIONS) return;
        /* Where the other side has no thresholds, the clamp hides it. */
        if (!c->is_signed) new.offset[1 - which] = new.offset[which];
    }
    *best = new;
}

static void check_candidates(const channels *c, candidates *set, solution best[LANES]) {
    offset_bounds v[SIDES];
    for (int32_t i = set->count; i < LANES; i++) set->lane[i] = set->lane[0], set->ulps[i] = 0;
    set_scales(c, set);
    for (int32_t which = 0; which < SIDES; which++) {
        if (!has_thresholds(&c->sides[which])) continue;
        find_extremes(c, which, set);
        bound_offsets(c, which, set, &v[which]);
    }
    for (int32_t i = 0; i < set->count; i++) keep_better(c, set, v, i, &best[set->lane[i]]);
    set->count = 0;
}

/* Ulps from the nearest float, in the order in which they are tried. */
static const int8_t ulp_order[] = {0, 1, -1, 2, -2, 3, -3};

enum { ULPS = sizeof ulp_order };

static int32_t most_uncertain(const solution best[LANES]) {
    int32_t most = 0;
    for (int32_t i = 0; i < LANES; i++) most = mn_max_i32(most, best[i].uncertain);
    return most;
}

/* Adds candidates for the lanes with as many uncertain thresholds. */
static void add_candidates(solution best[LANES], int32_t uncertain, int32_t each, candidates *set) {
    for (int32_t i = 0; i < LANES; i++) {
        if (best[i].uncertain != uncertain) continue;
        for (int32_t k = 0; k < each && best[i].tried < ULPS && set->count < LANES; k++) {
            set->lane[set->count] = i;
            set->ulps[set->count++] = ulp_order[best[i].tried++];
        }
    }
}

/* The floats that a lane has already. */
static solution found(const channels *c, int32_t lane) {
    return (solution){.scale = c->q->scale[lane],
                      .offset = {c->q->offset[lane], c->q->offset[lane]},
                      .centre_shift = c->q->centre[lane] - (int32_t)c->centre[lane]};
}

/* Nearest floats, of all lanes. */
static void try_nearest(const channels *c, solution best[LANES]) {
    /* Of both signs, hardly any vector is right everywhere. */
    candidates set = {.count = LANES, .kept = c->is_signed ? KEPT : 1};
    for (int32_t i = 0; i < LANES; i++) {
        best[i].tried = c->is_signed;
        set.lane[i] = i;
    }
    check_candidates(c, &set, best);
}

/* Neighbours of the nearest scales, and the nearest themselves of lanes whose distances have not all been looked at:
 * once, those of the worst lanes first, as these decide what a vector costs. Going on until nothing gets better spares
 * hardly any fixup more. */
static void try_neighbours(const channels *c, solution best[LANES]) {
    candidates set = {.kept = KEPT};
    const int32_t worst = most_uncertain(best);
    int32_t lanes = 0;
    for (int32_t i = 0; i < LANES; i++) lanes += best[i].uncertain == worst;
    for (int32_t level = worst; level > 0 && set.count < LANES; level--) {
        add_candidates(best, level, level == worst ? mn_max_i32(LANES / lanes, 2) : 2, &set);
    }
    if (set.count > 0) check_candidates(c, &set, best);
}

static void search(const channels *c, int32_t solved, solution best[LANES]) {
    for (int32_t i = 0; i < LANES; i++) {
        best[i] = solved >> i & 1 ? found(c, i) : (solution){.uncertain = HOPELESS + 1};
    }
    if (solved == 0) try_nearest(c, best);
    try_neighbours(c, best);
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Of the floats next to a channel's scale, the one that leaves fewest thresholds wrong, and the offset that goes with
 * it. 16 at a time; all thresholds are looked at, so what is found right is proven so. */
#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/requant_search.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "base/checked.h"

#define TARGET SEARCH_TARGET
#define INLINE TARGET __attribute__((always_inline)) static inline
#define UNROLL _Pragma("GCC unroll 8")

/* ---- Scales that are tried ------------------------------------------------------------------------------- */

/* With each place goes the j it belongs to, less the side's first, in its last bits. */
enum { TAG = 255 };

/* Half of all there is in units, taken off so that signed sums do not overflow. */
#define MIDDLE (INT32_C(1) << 30)

/* Lines of places, and what places may be off by, stay below this; more than that no try is good for. */
#define LARGEST 0x1p29

/* Up to 16 lanes, some perhaps several times, each with a scale. */
typedef struct tries {
    int32_t count, kept;                 /* 1 to find out which are right everywhere, or KEPT */
    int32_t lane[LANES], away[LANES];    /* floats from the nearest one */
    float scale[LANES];                  /* S (1 + tilt) */
    double exact[LANES], inverse[LANES]; /* S and 1 / S */
    double tilt[LANES], per_j[LANES];    /* tilt, and in units for each j */
    int32_t bad[LANES];
    /* Of each side: the least places less what they may be off by, the greatest ones plus that; in order, in units
     * less MIDDLE, with their tags. */
    int32_t low[SIDES][KEPT][LANES], high[SIDES][KEPT][LANES];
} tries;

INLINE __m512i load(const int32_t *from) { return _mm512_loadu_si512(from); }

TARGET static void set_scales(const channels *c, tries *t) {
    for (int32_t i = 0; i < LANES; i++) {
        t->exact[i] = c->scale[t->lane[i]];
        t->inverse[i] = c->inverse[t->lane[i]];
        t->scale[i] = (float)t->exact[i];
    }
    const __m512i nearest = load((const int32_t *)(const void *)t->scale);
    _mm512_storeu_si512(t->scale, _mm512_add_epi32(nearest, load(t->away)));
    for (int32_t i = 0; i < LANES; i++) {
        t->tilt[i] = ((double)t->scale[i] - t->exact[i]) * t->inverse[i];
        t->per_j[i] = rint(clamp(t->tilt[i] * t->inverse[i] * 0x1p31, -LARGEST, LARGEST));
        t->bad[i] = 0;
    }
}

/* Places that are looked at together. They begin where results less 1 are multiples of their number, so that their
 * floats have the same exponent. */
enum { CHUNK = 8, EXPONENTS = 3 };

/* What a place may be off by, in units, beside R tilt: fractions are doubtful by 2^9 once halved, 2^8 is the tag, 2^7
 * rounding tilts; the line's beginning and the shift are good for another 2. */
enum { PLACE_ERROR = 1024 };

/* What the tries of a side need on their way. */
typedef struct course {
    int32_t from[LANES], to[LANES], rest[LANES], step[LANES], doubt[LANES];
    int32_t line[LANES], rise[LANES];     /* of the first chunk, and to the next */
    int32_t margin[EXPONENTS][LANES];     /* what places may be off by and what rounding to a float can do */
    int32_t begin, end, all_from, all_to; /* chunks begin at j = begin; where all lanes matter */
} course;

/* What each try's lane has in a list. */
INLINE void pick(const int32_t *from, __m512i lane, int32_t *to) {
    _mm512_storeu_si512(to, _mm512_permutexvar_epi32(lane, load(from)));
}

TARGET static void set_lines(const side *s, tries *t, course *w) {
    double error[LANES];
    for (int32_t i = 0; i < LANES; i++) {
        const double per_j = t->per_j[i], half = (w->to[i] - w->from[i]) * 0.5;
        const double line = (w->begin + (CHUNK - 1) * 0.5 - (w->from[i] + half)) * per_j;
        error[i] = PLACE_ERROR + fabs(per_j) * (CHUNK / 2) + fabs(t->tilt[i]) * 0x1p31;
        /* Of lanes that do not matter yet it may be large: then it is anything. */
        w->line[i] = (int32_t)((uint32_t)(int64_t)line - (uint32_t)MIDDLE);
        w->rise[i] = (int32_t)((uint32_t)(int32_t)per_j * CHUNK);
        t->bad[i] |= (w->from[i] <= w->to[i]) & ((fabs(per_j) * (half + CHUNK) > LARGEST) |
                                                 (error[i] + 0x1p31 * 0x1p-18 * t->inverse[i] > LARGEST));
    }
    const __m512i before = _mm512_mullo_epi32(_mm512_set1_epi32(s->first - w->begin), load(w->step));
    _mm512_storeu_si512(w->rest, _mm512_add_epi32(load(w->rest), before));
    for (int32_t e = 0; e < EXPONENTS; e++) {
        const double rounding = 0x1p31 * 0x1p-20 * (1 << e);
        for (int32_t i = 0; i < LANES; i++) {
            w->margin[e][i] = (int32_t)clamp(error[i] + rounding * t->inverse[i], 0, LARGEST);
        }
    }
}

TARGET static void set_course(const channels *c, const side *s, tries *t, course *w) {
    const __m512i lane = load(t->lane);
    pick(s->from, lane, w->from);
    pick(s->to, lane, w->to);
    pick(s->rest, lane, w->rest);
    pick(c->step, lane, w->step);
    pick(c->doubt, lane, w->doubt);
    const __m512i from = load(w->from), to = load(w->to);
    w->begin = _mm512_reduce_min_epi32(from), w->end = _mm512_reduce_max_epi32(to) + 1;
    w->all_from = _mm512_reduce_max_epi32(from), w->all_to = _mm512_reduce_min_epi32(to);
    w->begin -= (c->q->zero + w->begin - 1) & (CHUNK - 1);
    set_lines(s, t, w);
}

/* Rounding to a float moves a result by up to half a unit in the last place: 2^-18 from 64 on, half of that from 32 on,
 * and half of that below. Of results `value` to value + CHUNK - 1, as a power of two less 20. */
static int32_t rounding_of(int32_t value) {
    const int32_t least = value <= -CHUNK ? -(value + CHUNK - 1) : value - 1;
    return least >= 64 ? 2 : least >= 32 ? 1 : 0;
}

/* Three least and three greatest so far, in order. */
typedef struct ends {
    __m512i low[KEPT], high[KEPT];
} ends;

INLINE void insert(ends *e, int32_t kept, __m512i low, __m512i high) {
    UNROLL for (int32_t i = 0; i < kept; i++) {
        const __m512i more = _mm512_max_epi32(e->low[i], low), less = _mm512_min_epi32(e->high[i], high);
        e->low[i] = _mm512_min_epi32(e->low[i], low);
        e->high[i] = _mm512_max_epi32(e->high[i], high);
        low = more, high = less;
    }
}

/* One chunk, from j on. A constant `whole`, every place matters in every lane, saves looking at each. A rest next to 0
 * may be one next to all of S and the other way round, so what is taken for the least is not what is taken for the
 * greatest. */
INLINE void pass(bool whole, int32_t kept, const course *w, const side *s, int32_t j, __m512i line, __m512i margin,
                 __m512i rest, ends *e) {
    const __m512i step = load(w->step), tag = _mm512_set1_epi32(TAG);
    const __m512i low_line = _mm512_sub_epi32(line, margin), high_line = _mm512_add_epi32(line, margin);
    __m512i high_rest = rest, low_rest = _mm512_add_epi32(rest, load(w->doubt));
    UNROLL for (int32_t i = 0; i < CHUNK; i++) {
        const __m512i number = _mm512_set1_epi32(j + i - s->first);
        __m512i low = _mm512_add_epi32(_mm512_srli_epi32(low_rest, 1), low_line);
        __m512i high = _mm512_add_epi32(_mm512_srli_epi32(high_rest, 1), high_line);
        if (kept > 1) {
            low = _mm512_ternarylogic_epi32(tag, number, low, 0xca); /* bits of `tag` from `number` */
            high = _mm512_ternarylogic_epi32(tag, number, high, 0xca);
        }
        if (!whole) {
            const __m512i at = _mm512_set1_epi32(j + i);
            const __mmask16 there =
                _mm512_cmple_epi32_mask(load(w->from), at) & _mm512_cmpge_epi32_mask(load(w->to), at);
            low = _mm512_mask_mov_epi32(_mm512_set1_epi32(INT32_MAX), there, low);
            high = _mm512_mask_mov_epi32(_mm512_set1_epi32(INT32_MIN), there, high);
        }
        insert(e, kept, low, high);
        low_rest = _mm512_sub_epi32(low_rest, step);
        high_rest = _mm512_sub_epi32(high_rest, step);
    }
}

INLINE void pass_all(int32_t kept, const course *w, const side *s, int32_t zero, ends *e) {
    const __m512i next = _mm512_slli_epi32(load(w->step), 3), rise = load(w->rise);
    __m512i rest = load(w->rest), line = load(w->line);
    for (int32_t j = w->begin; j < w->end; j += CHUNK) {
        const __m512i margin = load(w->margin[rounding_of(zero + j)]);
        if (j >= w->all_from && j + CHUNK - 1 <= w->all_to) {
            pass(true, kept, w, s, j, line, margin, rest, e);
        } else {
            pass(false, kept, w, s, j, line, margin, rest, e);
        }
        rest = _mm512_sub_epi32(rest, next);
        line = _mm512_add_epi32(line, rise);
    }
}

TARGET static void find_ends(const channels *c, int32_t which, tries *t) {
    const side *s = &c->sides[which];
    course w;
    ends e;
    set_course(c, s, t, &w);
    for (int32_t i = 0; i < KEPT; i++) {
        e.low[i] = _mm512_set1_epi32(INT32_MAX);
        e.high[i] = _mm512_set1_epi32(INT32_MIN);
    }
    if (t->kept == 1) {
        pass_all(1, &w, s, c->q->zero, &e);
    } else {
        pass_all(KEPT, &w, s, c->q->zero, &e);
    }
    for (int32_t i = 0; i < KEPT; i++) {
        _mm512_storeu_si512(t->low[which][i], e.low[i]);
        _mm512_storeu_si512(t->high[which][i], e.high[i]);
    }
}

/* ---- The best one ---------------------------------------------------------------------------------------- */

/* How many of the least and of the greatest places may be left out, fewest together first. */
static const struct {
    uint8_t lows, highs;
} left_out[] = {{0, 0}, {1, 0}, {0, 1}, {1, 1}, {2, 0}, {0, 2}, {2, 1}, {1, 2}, {2, 2}};

enum { WAYS = sizeof left_out / sizeof left_out[0] };

/* Of all tries of a side: how places are left out, WAYS where none of the ways does, and what the offset lies between
 * then. */
typedef struct verdict {
    int32_t way[LANES];
    double low[LANES], high[LANES];
} verdict;

/* Offsets lie between what the least and the greatest place left ask for: the float in the middle; or some float once
 * the centre is moved, where that is more than a sixteenth of what floats up to 128 are apart. */
TARGET static void judge(const channels *c, int32_t which, const tries *t, verdict *out) {
    const side *s = &c->sides[which];
    double unit[LANES], ideal[LANES];
    for (int32_t i = 0; i < LANES; i++) {
        const int32_t lane = t->lane[i];
        const double scale = t->exact[i], back = c->centre[lane] * scale, middle = (s->from[lane] + s->to[lane]) * 0.5;
        const double line = (right_side(c, s, lane) + middle - back) * t->tilt[i];
        unit[i] = scale * 0x1p-31;
        ideal[i] = c->q->zero - s->sign * c->extra[lane] + back - line;
        out->way[i] = WAYS;
        out->low[i] = ideal[i];
        out->high[i] = ideal[i] + scale;
    }
    for (int32_t k = t->kept == KEPT ? WAYS - 1 : 0; k >= 0; k--) {
        const int32_t *least = t->low[which][left_out[k].lows], *most = t->high[which][left_out[k].highs];
        for (int32_t i = 0; i < LANES; i++) {
            const double low = ideal[i] - ((least[i] & ~TAG) + (double)MIDDLE) * unit[i];
            const double high = ideal[i] + (double)t->scale[i] - ((most[i] & ~TAG) + (double)MIDDLE + TAG) * unit[i];
            const double offset = (double)(float)((low + high) * 0.5);
            const bool some = (high - low > 0x1p-21) & !c->is_signed;
            const bool works = (((offset > low) & (offset < high)) | some) & !t->bad[i];
            out->way[i] = works ? k : out->way[i];
            out->low[i] = works ? low : out->low[i];
            out->high[i] = works ? high : out->high[i];
        }
    }
}

/* The float nearest to the middle of what the offset lies between; false if it is outside. */
static bool find_offset(const channels *c, const verdict *v, int32_t i, choice *out, float *offset) {
    const double middle = (v->low[i] + v->high[i]) * 0.5, scale = (double)out->scale;
    for (int32_t n = 0; n < (c->is_signed ? 1 : MOVES); n++) {
        *offset = (float)(middle + n * scale);
        const double at = (double)*offset - n * scale;
        out->moved = n;
        if (at > v->low[i] && at < v->high[i]) return true;
    }
    return false;
}

/* Where no way is known, few thresholds can all be doubtful. */
static int32_t count_doubtful(const side *s, int32_t lane, int32_t way) {
    const int32_t count = thresholds_of(s, lane);
    if (count == 0) return 0;
    if (way < WAYS) return left_out[way].lows + left_out[way].highs;
    return count > KEPT ? HOPELESS : 2 * count;
}

static void take_side(const channels *c, int32_t which, const tries *t, int32_t i, const verdict *v, choice *out) {
    const side *s = &c->sides[which];
    const int32_t lane = t->lane[i], count = thresholds_of(s, lane), way = v->way[i];
    out->lows[which] = out->highs[which] = 0;
    if (count == 0 || (way == WAYS && count > KEPT)) return;
    out->lows[which] = way < WAYS ? left_out[way].lows : (uint8_t)count;
    out->highs[which] = way < WAYS ? left_out[way].highs : 0;
    for (int32_t n = 0; n < out->lows[which]; n++) {
        out->low[which][n] = (uint8_t)(way < WAYS ? t->low[which][n][i] & TAG : s->from[lane] - s->first + n);
    }
    for (int32_t n = 0; n < out->highs[which]; n++) out->high[which][n] = (uint8_t)(t->high[which][n][i] & TAG);
}

/* Keeps what is better than the best so far. */
static void take_better(const channels *c, const tries *t, const verdict v[SIDES], int32_t i, choice *best) {
    int32_t doubtful = 0;
    for (int32_t which = 0; which < SIDES; which++) {
        const side *s = &c->sides[which];
        if (has_thresholds(s)) doubtful += count_doubtful(s, t->lane[i], v[which].way[i]);
    }
    if (doubtful >= best->doubtful) return;
    choice new = {.scale = t->scale[i], .doubtful = doubtful, .tried = best->tried};
    for (int32_t which = 0; which < SIDES; which++) {
        if (!has_thresholds(&c->sides[which])) continue;
        take_side(c, which, t, i, &v[which], &new);
        const bool found = find_offset(c, &v[which], i, &new, &new.offset[which]);
        if (!found && v[which].way[i] < WAYS) return;
        /* Where the other side has no thresholds, the clamp hides it. */
        if (!c->is_signed) new.offset[1 - which] = new.offset[which];
    }
    *best = new;
}

static void try_all(const channels *c, tries *t, choice best[LANES]) {
    verdict v[SIDES];
    for (int32_t i = t->count; i < LANES; i++) t->lane[i] = t->lane[0], t->away[i] = 0;
    set_scales(c, t);
    for (int32_t which = 0; which < SIDES; which++) {
        if (!has_thresholds(&c->sides[which])) continue;
        find_ends(c, which, t);
        judge(c, which, t, &v[which]);
    }
    for (int32_t i = 0; i < t->count; i++) take_better(c, t, v, i, &best[t->lane[i]]);
    t->count = 0;
}

/* Floats from the nearest one, in the order in which they are tried. */
static const int8_t distances[] = {0, 1, -1, 2, -2, 3, -3};

enum { DISTANCES = sizeof distances };

static int32_t most_doubtful(const choice best[LANES]) {
    int32_t most = 0;
    for (int32_t i = 0; i < LANES; i++) most = mn_max_i32(most, best[i].doubtful);
    return most;
}

/* Lines up tries for the lanes with as many doubtful thresholds. */
static void line_up(choice best[LANES], int32_t doubtful, int32_t each, tries *t) {
    for (int32_t i = 0; i < LANES; i++) {
        if (best[i].doubtful != doubtful) continue;
        for (int32_t k = 0; k < each && best[i].tried < DISTANCES && t->count < LANES; k++) {
            t->lane[t->count] = i;
            t->away[t->count++] = distances[best[i].tried++];
        }
    }
}

/* The floats that a lane has already. */
static choice found(const channels *c, int32_t lane) {
    return (choice){.scale = c->q->scale[lane],
                    .offset = {c->q->offset[lane], c->q->offset[lane]},
                    .moved = c->q->centre[lane] - (int32_t)c->centre[lane]};
}

/* Nearest floats, of all lanes. */
static void try_nearest(const channels *c, choice best[LANES]) {
    /* Of both signs, hardly any vector is right everywhere. */
    tries t = {.count = LANES, .kept = c->is_signed ? KEPT : 1};
    for (int32_t i = 0; i < LANES; i++) {
        best[i].tried = c->is_signed;
        t.lane[i] = i;
    }
    try_all(c, &t, best);
}

/* Neighbours of the nearest scales, and the nearest themselves of lanes whose places have not all been looked at: once,
 * those of the worst lanes first, as these decide what a vector costs. Going on until nothing gets better spares hardly
 * any patch more. */
static void try_neighbours(const channels *c, choice best[LANES]) {
    tries t = {.kept = KEPT};
    const int32_t worst = most_doubtful(best);
    int32_t lanes = 0;
    for (int32_t i = 0; i < LANES; i++) lanes += best[i].doubtful == worst;
    for (int32_t level = worst; level > 0 && t.count < LANES; level--) {
        line_up(best, level, level == worst ? mn_max_i32(LANES / lanes, 2) : 2, &t);
    }
    if (t.count > 0) try_all(c, &t, best);
}

void mn_requant_search(const channels *c, int32_t some, choice best[LANES]) {
    for (int32_t i = 0; i < LANES; i++) {
        best[i] = some >> i & 1 ? found(c, i) : (choice){.doubtful = HOPELESS + 1};
    }
    if (some == 0) try_nearest(c, best);
    try_neighbours(c, best);
}

#endif

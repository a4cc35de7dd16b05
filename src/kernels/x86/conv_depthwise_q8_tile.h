/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A convolution and the depthwise 3x3 convolution behind it, int8 and uint8, with 256-bit vectors: what
 * conv_depthwise_q8_avx512vnni.c does, half a vector at a time. Included behind one of the products_*.h, with
 * inputs_of() and prepare_copy() of conv_depthwise_q8_run.h; row_step(), bytes from row to row in what is multiplied;
 * and GROUP_BYTES, those from one group of products to the next. Gives conv_bytes(), which conv_rows() is made of, and
 * run_strip(). */
#include <string.h>

#include "base/checked.h"

/* ---- The convolution, into the ring --------------------------------------------------------------------- */

/* What one pixel's tile adds up; vectors of 8 channels from `first` on. */
typedef struct column {
    __m256i of[TILE_HALVES][GROUP];
} column;

/* A group of four products. */
Q8_INLINE void multiply(int rows, int halves, const uint8_t *from, ptrdiff_t row_stride, const int8_t *weights,
                        column *acc) {
    __m256i w[TILE_HALVES];
    Q8_UNROLL for (int v = 0; v < halves; v++) {
        w[v] = q8_load(weights + v * 32);
        __asm__("" : "+x"(w[v])); /* loaded once */
    }
    Q8_UNROLL for (int r = 0; r < rows; r++) {
        const __m256i x = q8_four_bytes(from + r * row_stride);
        Q8_UNROLL for (int v = 0; v < halves; v++) { acc->of[v][r] = dot_bytes(acc->of[v][r], x, w[v]); }
        __asm__ volatile("" : "+r"(from)); /* before the next load, or registers run out */
    }
}

/* Constants that make bytes of results. */
typedef struct narrowing {
    __m256i flip, order;
    mn_range_i32 range;
} narrowing;

/* The order is one from bytes [2 groups of channels][4 rows][4 channels] to [8 channels][4 rows]. */
Q8_INLINE narrowing narrowing_of(mn_range_i32 range) {
    const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    narrowing n = {_mm256_set1_epi8((char)0x80), _mm256_broadcastsi128_si256(order), range};
    __asm__("" : "+x"(n.flip), "+x"(n.order)); /* or compilers make them anew for each result */
    return n;
}

/* Is narrowing clamp enough? */
static bool range_is_full(mn_range_i32 range) { return range.min <= -128 && range.max >= 127; }

/* Four rows of centred results as bytes, plus 128. */
Q8_INLINE __m256i narrow(const __m256i values[GROUP], bool clamps, const narrowing *n) {
    __m256i bytes = q8_narrow_4(values);
    if (clamps) bytes = q8_finish(bytes, n->range, 0);
    return _mm256_xor_si256(bytes, n->flip);
}

/* Each of 32 bits as a byte. */
Q8_INLINE __m256i bytes_of_bits(uint32_t bits) {
    const __m256i bit = _mm256_set1_epi64x((int64_t)UINT64_C(0x8040201008040201));
    const __m256i of_byte = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32((int32_t)bits), of_byte);
    return _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
}

Q8_INLINE void store_half(int rows, bool clamps, const group *g, const narrowing *n, const __m256i *values,
                          uint8_t *out) {
    __m256i bytes = _mm256_shuffle_epi8(narrow(values, clamps, n), n->order);
    if (rows < GROUP) {
        bytes = _mm256_sll_epi32(bytes, _mm_cvtsi32_si128(g->shift));
        const __m256i filled = bytes_of_bits((uint32_t)g->filled);
        bytes = _mm256_blendv_epi8(_mm256_set1_epi8((char)g->padding), bytes, filled);
    }
    _mm256_storeu_si256((__m256i *)(void *)out, bytes);
}

/* What the columns of a tile have in common. */
typedef struct constants {
    __m256i folded_bias[TILE_HALVES];
    __m256 scale[TILE_HALVES], offset[TILE_HALVES];
    int32_t raised[GROUP];
    narrowing narrowing;
    bool has_fixups;
    int32_t fixups[TILE_HALVES];
    __m256i at[TILE_HALVES][MN_REQUANT_FIXUPS], change[TILE_HALVES][MN_REQUANT_FIXUPS];
} constants;

Q8_INLINE void load_constants(int halves, const group *g, int32_t first, constants *c) {
    c->has_fixups = false;
    Q8_UNROLL for (int v = 0; v < halves; v++) {
        const int32_t vector = (first + v) / 2, lane = (first + v) % 2 * Q8_LANES;
        const epilogue *e = &g->block->epilogue[vector];
        c->folded_bias[v] = q8_load(e->folded_bias + lane);
        c->scale[v] = _mm256_loadu_ps(e->scale + lane), c->offset[v] = _mm256_loadu_ps(e->offset + lane);
        c->fixups[v] = g->block->conv_fixups[vector];
        for (int32_t p = 0; p < c->fixups[v]; p++) {
            c->at[v][p] = q8_load(g->extras->conv[vector].fixup_at[p] + lane);
            c->change[v][p] = _mm256_sub_epi32(q8_load(g->extras->substitutes[vector][p] + lane), c->at[v][p]);
            c->has_fixups = true;
        }
    }
    Q8_UNROLL for (int r = 0; r < GROUP; r++) c->raised[r] = MN_Q8_RAISED;
    c->narrowing = narrowing_of(g->range);
}

Q8_INLINE __m256 raised_by(int32_t raised) { return _mm256_castsi256_ps(_mm256_set1_epi32(raised)); }

/* From accumulators to the ring, in floats; those of row r are `raised[r]` higher, or all MN_Q8_RAISED. */
Q8_INLINE void finish(int rows, int halves, bool clamps, const group *g, const constants *c,
                      const int32_t raised[GROUP], const column *acc, uint8_t *out) {
    const narrowing n = c->narrowing;
    __m256 by[GROUP];
    Q8_UNROLL for (int r = 0; r < rows; r++) by[r] = raised_by(SPLITS && raised ? raised[r] : MN_Q8_RAISED);
    Q8_UNROLL for (int v = 0; v < halves; v++) {
        __m256i values[GROUP];
        Q8_UNROLL for (int r = 0; r < GROUP; r++) {
            values[r] = r < rows ? q8_rescale_raised(acc->of[v][r], by[r], c->scale[v], c->offset[v]) : values[0];
        }
        store_half(rows, clamps, g, &n, values, out + v * 32);
    }
}

/* Takes off what unsigned weights add too much; `raised` holds MN_Q8_RAISED more, which stays. */
Q8_INLINE void take_off_raised(int rows, int halves, const int32_t raised[GROUP], column *acc) {
    int32_t excess[GROUP];
    Q8_UNROLL for (int r = 0; r < rows; r++) excess[r] = mn_wrap_add(raised[r], -MN_Q8_RAISED);
    take_off_excess(rows, halves, excess, acc->of);
}

/* Takes off what weight zero points add. */
Q8_INLINE void take_off_zeros(int rows, int halves, const group *g, int32_t x, column *acc) {
    Q8_UNROLL for (int r = 0; r < rows; r++) {
        const int32_t sum = g->sums[row_of(g, r) * g->sums_stride + x];
        const __m256i over = _mm256_set1_epi32(mn_q8_product(g->weight_zero, sum));
        Q8_UNROLL for (int v = 0; v < halves; v++) acc->of[v][r] = _mm256_sub_epi32(acc->of[v][r], over);
    }
}

/* Puts others in the places of accumulators that floats get wrong. */
Q8_INLINE void fix_up(int rows, int halves, const constants *c, column *acc) {
    Q8_UNROLL for (int v = 0; v < halves; v++) {
        for (int32_t p = 0; p < c->fixups[v]; p++) {
            const __m256i at = c->at[v][p], change = c->change[v][p];
            Q8_UNROLL for (int r = 0; r < rows; r++) {
                const __m256i same = _mm256_cmpeq_epi32(acc->of[v][r], at);
                acc->of[v][r] = _mm256_add_epi32(acc->of[v][r], _mm256_and_si256(same, change));
            }
        }
    }
}

/* A tile of a block that needs more than floats. */
Q8_NOINLINE static void finish_general(int32_t halves, const group *g, int32_t first, column *acc, uint8_t *out) {
    constants c;
    load_constants(halves, g, first, &c);
    for (int32_t v = 0; v < halves; v++) {
        const int32_t vector = (first + v) / 2, half = (first + v) % 2;
        __m256i *values = acc->of[v];
        if (g->block->conv_fixups[vector] == GENERAL) {
            q8_requant_some(GROUP, values, &g->extras->conv[vector], half);
        } else {
            const __m256 by = raised_by(MN_Q8_RAISED);
            for (int r = 0; r < GROUP; r++) values[r] = q8_rescale_raised(values[r], by, c.scale[v], c.offset[v]);
        }
        store_half(1, true, g, &c.narrowing, values, out + v * 32); /* as if rows were missing, which `filled` says */
    }
}

/* Begins the accumulators of columns. */
Q8_INLINE void begin_rests(int halves, const mn_rests_q8 *rests, const __m256i *bias, const int8_t *panel,
                           ptrdiff_t stride) {
    const int8_t *weights[TILE_HALVES];
    Q8_UNROLL for (int v = 0; v < halves; v++) weights[v] = panel + v * 32;
    begin_columns(halves, rests, bias, weights, stride);
}

/* What the accumulators of column x begin with. */
Q8_INLINE void begin_column(int rows, int halves, bool words, const mn_rests_q8 *rests, int32_t x, const constants *c,
                            column *acc) {
    Q8_UNROLL for (int v = 0; v < halves; v++) {
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            acc->of[v][r] = SPLITS && !words ? begun(rests, x, v, r) : c->folded_bias[v];
        }
    }
}

/* Vectors of 8 channels from `first` on, of columns from `x` on, `beside` at a time as long as there are so many;
 * returns the next. Constants let the compiler keep accumulators in registers. What lies where a row is missing is
 * multiplied, too: the copy has memory for one more row than a band. `plain`: floats alone and narrowing finish the
 * tile. `words`: all products are in 16 bits. */
Q8_INLINE int32_t conv_columns(int rows, int halves, int beside, bool plain, bool words, const group *shared,
                               int32_t first, int32_t x, int32_t width) {
    const group g = *shared; /* nothing that is written can change it */
    const size_t each = first == 0 ? g.prefetch.each * (size_t)beside : 0;
    const ptrdiff_t stride = (ptrdiff_t)g.vectors * 64, row_stride = row_step(&g.in);
    const ptrdiff_t pixel_stride = (ptrdiff_t)g.in.pixel_stride;
    const uint8_t *from = g.in.bytes + x * pixel_stride;
    const char *prefetch = g.prefetch.weights.from + (size_t)x * g.prefetch.each;
    uint8_t *out = g.out + x * stride + first * 32;
    const int8_t *panel = g.block->weights + first * 32;
    constants loaded;
    load_constants(halves, &g, first, &loaded);
    if (SPLITS && !words) begin_rests(halves, &g.in.rests, loaded.folded_bias, panel, stride);
    const bool is_signed = SPLITS && !words && g.in.rests.excess;
    const bool takes_off = is_signed && (!plain || loaded.has_fixups);
    for (; x + beside <= width; x += beside, out += beside * stride, from += beside * pixel_stride) {
        const constants *c = &loaded;
        __asm__("" : "+r"(c)); /* where it is: accumulators need all registers */
        column acc[2];
        Q8_UNROLL for (int i = 0; i < beside; i++) begin_column(rows, halves, words, &g.in.rests, x + i, c, &acc[i]);
        const int8_t *weights = panel;
        if (is_signed) {
            const int8_t *const vectors[] = {panel, panel + 32, panel + 64};
            dot_all_signed(g.in.rests.together, g.in.quads, rows, halves, from, vectors, stride, acc[0].of);
        }
        for (int32_t q = is_signed || words ? g.in.quads : 0; q < g.in.quads; q++, weights += stride) {
            Q8_UNROLL for (int i = 0; i < beside; i++) {
                multiply(rows, halves, from + i * pixel_stride + q * GROUP_BYTES, row_stride, weights, &acc[i]);
            }
        }
        const int8_t *wide = g.in.wide_weights + first * 64;
        for (int32_t q = 0; words && q < g.in.words; q++, wide += 2 * stride) {
            dot_words(rows, halves, from + q * 8, (ptrdiff_t)g.in.row_stride, wide, acc[0].of);
        }
        if (__builtin_expect(each != 0, 0)) mn_q8_prefetch_now(prefetch, each);
        prefetch += each;
        Q8_UNROLL for (int i = 0; i < beside; i++) {
            if (__builtin_expect(takes_off, 0)) take_off_raised(rows, halves, g.in.rests.excess[x + i], &acc[i]);
            if (!plain && g.weight_zero) take_off_zeros(rows, halves, &g, x + i, &acc[i]);
            if (__builtin_expect(c->has_fixups, 0)) fix_up(rows, halves, c, &acc[i]);
            if (!plain && g.general) {
                column copy; /* in memory, so that the accumulators need not be */
                Q8_UNROLL for (int v = 0; v < halves; v++) {
                    Q8_UNROLL for (int r = 0; r < GROUP; r++) copy.of[v][r] = acc[i].of[v][r < rows ? r : 0];
                }
                finish_general(halves, &g, first, &copy, out + i * stride);
            } else {
                const int32_t *raised = words ? NULL : is_signed && !takes_off ? g.in.rests.excess[x + i] : c->raised;
                finish(rows, halves, !plain, &g, c, raised, &acc[i], out + i * stride);
            }
        }
    }
    return x;
}

/* Can floats and narrowing alone finish a tile? */
static bool is_plain(int32_t halves, const group *g, int32_t first) {
    bool plain = g->weight_zero == 0 && range_is_full(g->range);
    for (int32_t v = 0; v < halves; v++) plain = plain && g->block->conv_fixups[(first + v) / 2] != GENERAL;
    return plain;
}

Q8_INLINE void conv_tile(int rows, int halves, bool words, const group *g, int32_t first, int32_t x, int32_t width) {
    if (is_plain(halves, g, first))
        conv_columns(rows, halves, 1, true, words, g, first, x, width);
    else
        conv_columns(rows, halves, 1, false, words, g, first, x, width);
}

/* Two columns of three rows, if bytes are multiplied and the whole block is plain: one has only 9 accumulators for 24
 * channels, which would wait for dot products. That pays for long sums. Returns the next column. */
Q8_NOINLINE static int32_t conv_pairs(const group *g, int32_t width) {
    enum { LONG = 16 };
    const int32_t all = 2 * VECTORS;
    int32_t x = 0;
    if (SPLITS || g->vectors < VECTORS || g->in.quads < LONG || !is_plain(all, g, 0)) return 0;
    for (int32_t first = 0; first < all; first += 2) x = conv_columns(3, 2, 2, true, false, g, first, 0, width);
    return x;
}

Q8_INLINE void conv_halves(int rows, bool words, const group *g, int32_t width) {
    const int32_t all = 2 * g->vectors, x = rows == 3 ? conv_pairs(g, width) : 0;
    int32_t first = x < width ? 0 : all;
    for (; TILE_HALVES == 3 && all == 6 && first < all; first += 3)
        conv_tile(rows, TILE_HALVES, words, g, first, x, width);
    for (; first < all; first += 2) conv_tile(rows, 2, words, g, first, x, width);
}

/* Two rows are rare. */
Q8_INLINE void conv_tiles(bool words, const group *g, int32_t width) {
    switch (g->rows) {
    case 4: conv_halves(4, words, g, width); break;
    case 1: conv_halves(1, words, g, width); break;
    default: conv_halves(3, words, g, width); break;
    }
}

Q8_NOINLINE static void conv_bytes(const group *g, int32_t width) { conv_tiles(false, g, width); }

/* ---- The depthwise convolution, from the ring to the output ----------------------------------------------- */

/* What lies under a column of the filter: a group, and its rows 2 and 3 with rows 0 and 1 of the next one in the
 * places of its own; for stride 2 the same of the group that follows. */
typedef struct slice {
    cells rows[4];
} slice;

Q8_INLINE slice load_slice(int stride, const strip *s, ptrdiff_t at) {
    const __m256i top = q8_load(s->group[0] + at), middle = q8_load(s->group[1] + at);
    slice out = {{cells_of(top), cells_of(_mm256_blend_epi16(top, middle, 0x55))}};
    if (stride == 2) {
        out.rows[2] = cells_of(middle);
        out.rows[3] = cells_of(_mm256_blend_epi16(middle, q8_load(s->group[2] + at), 0x55));
    }
    return out;
}

/* Filter columns for each row of a group that they may begin at; bytes that run over stand in the places of the
 * group's first rows, as in a slice. */
typedef struct filter {
    tap begin[GROUP][TAPS];
} filter;

Q8_INLINE __m256i rotate(__m256i v, int bits) {
    return bits == 0 ? v : _mm256_or_si256(_mm256_slli_epi32(v, bits), _mm256_srli_epi32(v, 32 - bits));
}

Q8_INLINE void load_filter(int stride, const int8_t (*weights)[64], int32_t half, filter *f) {
    Q8_UNROLL for (int t = 0; t < TAPS; t++) {
        const __m256i first = q8_load(weights[t] + half * 32);
        Q8_UNROLL for (int r = 0; r < GROUP; r += stride) f->begin[r][t] = tap_of(rotate(first, 8 * r));
    }
}

/* Adds to row `r` of an output what lies under column `t` of the filter. */
Q8_INLINE void dot_row(int stride, int t, int r, const filter *f, const slice *under, __m256i acc[GROUP]) {
    const int from = stride == 1 ? r / 2 : r, begin = r * stride % GROUP;
    acc[r] = dot_cells(acc[r], under->rows[from], f->begin[begin][t]);
    __asm__ volatile("" : "+x"(acc[r])); /* in this order, or registers run out */
}

Q8_INLINE void dot_slice(int stride, int t, const filter *f, const slice *under, __m256i acc[GROUP]) {
    Q8_UNROLL for (int r = 0; r < GROUP; r++) dot_row(stride, t, r, f, under, acc);
}

/* With stride 1: all columns of the filter, of which the slice of the last is new. */
Q8_INLINE void dot_slices(const filter *f, const slice slices[TAPS], __m256i acc[GROUP]) {
    Q8_UNROLL for (int t = 0; t < TAPS; t++) dot_slice(1, t, f, &slices[t], acc);
}

/* With stride 2: the second column, and the third, whose slice the next output has under its first. */
Q8_INLINE void dot_two(const filter *f, const slice slices[TAPS], __m256i acc[GROUP], __m256i next[GROUP]) {
    dot_slice(2, 1, f, &slices[1], acc);
    Q8_UNROLL for (int r = 0; r < GROUP; r++) {
        dot_row(2, 2, r, f, &slices[2], acc);
        dot_row(2, 0, r, f, &slices[2], next);
    }
}

/* `plain`: requantised in floats, and no rest. */
Q8_INLINE void run_columns(int stride, bool plain, const strip *shared, int32_t half) {
    const strip s = *shared; /* nothing that is written can change it */
    const epilogue *e = &s.taps->epilogue;
    const int32_t lane = half * Q8_LANES;
    filter f, rest;
    load_filter(stride, s.taps->weights, half, &f);
    if (!plain && s.rest) load_filter(stride, s.rest, half, &rest);
    const __m256i folded_bias = q8_load(e->folded_bias + lane);
    const __m256 scale = _mm256_loadu_ps(e->scale + lane), offset = _mm256_loadu_ps(e->offset + lane);
    const __m256i exists = bytes_of_bits((uint32_t)(s.exists >> (half * 32)));
    const narrowing n = narrowing_of(s.range);
    const bool clamps = !range_is_full(s.range);
    const __m256 raised = _mm256_castsi256_ps(_mm256_set1_epi32(MN_Q8_RAISED));
    ptrdiff_t at = half * 32;
    slice slices[TAPS] = {load_slice(stride, &s, at), load_slice(stride, &s, at + s.column)};
    __m256i values[GROUP], next[GROUP]; /* with stride 2, what the next output has of the slice before */
    Q8_UNROLL for (int r = 0; r < GROUP; r++) next[r] = folded_bias;
    if (stride == 2) dot_slice(2, 0, &f, &slices[0], next);
    if (stride == 2 && !plain && s.rest) dot_slice(2, 0, &rest, &slices[0], next);
    uint8_t *out = s.out + half * 32;
    for (int32_t x = 0; x < s.width; x++, out += s.out_stride, at += stride * s.column) {
        if (stride == 2) slices[1] = load_slice(2, &s, at + s.column);
        slices[2] = load_slice(stride, &s, at + 2 * s.column);
        Q8_UNROLL for (int r = 0; r < GROUP; r++) values[r] = next[r], next[r] = folded_bias;
        if (stride == 2) {
            dot_two(&f, slices, values, next);
            if (!plain && s.rest) dot_two(&rest, slices, values, next);
        } else {
            dot_slices(&f, slices, values);
            if (!plain && s.rest) dot_slices(&rest, slices, values);
        }
        if (plain) {
            Q8_UNROLL for (int r = 0; r < GROUP; r++) values[r] = q8_rescale_raised(values[r], raised, scale, offset);
        } else {
            q8_requant_some(GROUP, values, s.requant, half);
        }
        _mm256_storeu_si256((__m256i *)(void *)out, _mm256_and_si256(narrow(values, clamps, &n), exists));
        if (stride == 1) slices[0] = slices[1], slices[1] = slices[2];
    }
}

Q8_TARGET static void run_strip_1(const strip *s, int32_t half) { run_columns(1, true, s, half); }
Q8_TARGET static void run_strip_2(const strip *s, int32_t half) { run_columns(2, true, s, half); }
Q8_TARGET static void run_strip_any_1(const strip *s, int32_t half) { run_columns(1, false, s, half); }
Q8_TARGET static void run_strip_any_2(const strip *s, int32_t half) { run_columns(2, false, s, half); }

static void run_strip(const strip *s, int32_t stride) {
    const bool plain = s->fixups == 0;
    for (int32_t half = 0; half < 2; half++) {
        if (stride == 1)
            (plain ? run_strip_1 : run_strip_any_1)(s, half);
        else
            (plain ? run_strip_2 : run_strip_any_2)(s, half);
    }
}

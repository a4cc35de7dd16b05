/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A convolution and the depthwise 3x3 convolution behind it, int8 and uint8, with 256-bit vectors: what
 * conv_depthwise_q8_avx512vnni.c does, half a vector at a time. Included behind one of the products_*.h, with
 * inputs_of() and prepare_copy() of conv_depthwise_q8_run.h; row_step(), bytes from row to row in what is multiplied;
 * and GROUP_BYTES, those from one group of products to the next. Gives its run(). */
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

/* Centred bytes clamped, plus 128; most often narrowing them was clamp enough. */
Q8_INLINE __m256i to_unsigned(__m256i bytes, mn_range_i32 range) {
    if (range.min > -128 || range.max < 127) return q8_finish(bytes, range, 0x80);
    return _mm256_xor_si256(bytes, _mm256_set1_epi8((char)0x80));
}

/* Each of 32 bits as a byte. */
Q8_INLINE __m256i bytes_of_bits(uint32_t bits) {
    const __m256i bit = _mm256_set1_epi64x((int64_t)UINT64_C(0x8040201008040201));
    const __m256i of_byte = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32((int32_t)bits), of_byte);
    return _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
}

/* From bytes [2 groups of channels][4 rows][4 channels] to [8 channels][4 rows]. */
Q8_INLINE __m256i rows_inside(__m256i bytes) {
    const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm256_shuffle_epi8(bytes, _mm256_broadcastsi128_si256(order));
}

Q8_INLINE void store_half(int rows, const group *g, const __m256i *values, uint8_t *out) {
    __m256i bytes = rows_inside(to_unsigned(q8_narrow_4(values), g->range));
    if (rows < GROUP) {
        bytes = _mm256_sll_epi32(bytes, _mm_cvtsi32_si128(g->shift));
        const __m256i filled = bytes_of_bits((uint32_t)g->filled);
        bytes = _mm256_blendv_epi8(_mm256_set1_epi8((char)g->padding), bytes, filled);
    }
    _mm256_storeu_si256((__m256i *)(void *)out, bytes);
}

/* From accumulators to the ring, in floats. */
Q8_INLINE void finish(int rows, int halves, const group *g, int32_t first, const column *acc, uint8_t *out) {
    Q8_UNROLL for (int v = 0; v < halves; v++) {
        const epilogue *e = &g->block->epilogue[(first + v) / 2];
        const int32_t lane = (first + v) % 2 * Q8_LANES;
        const __m256 scale = _mm256_loadu_ps(e->scale + lane), offset = _mm256_loadu_ps(e->offset + lane);
        __m256i values[GROUP];
        Q8_UNROLL for (int r = 0; r < GROUP; r++) {
            values[r] = r < rows ? q8_rescale(acc->of[v][r], scale, offset) : values[0];
        }
        store_half(rows, g, values, out + v * 32);
    }
}

/* Takes off what weight zero points add and puts others in the places of those that floats get wrong. */
Q8_INLINE void adjust(int rows, int halves, const group *g, int32_t first, int32_t x, column *acc) {
    Q8_UNROLL for (int r = 0; r < rows; r++) {
        if (g->weight_zero == 0) continue;
        const int32_t sum = g->sums[row_of(g, r) * g->sums_stride + x];
        const __m256i over = _mm256_set1_epi32(mn_q8_product(g->weight_zero, sum));
        Q8_UNROLL for (int v = 0; v < halves; v++) acc->of[v][r] = _mm256_sub_epi32(acc->of[v][r], over);
    }
    Q8_UNROLL for (int v = 0; v < halves; v++) {
        const int32_t vector = (first + v) / 2, lane = (first + v) % 2 * Q8_LANES;
        for (int32_t p = 0; p < g->block->conv_fixups[vector] && !g->general; p++) {
            const __m256i at = q8_load(g->extras->conv[vector].fixup_at[p] + lane);
            const __m256i substitute = q8_load(g->extras->substitutes[vector][p] + lane);
            Q8_UNROLL for (int r = 0; r < rows; r++) {
                const __m256i same = _mm256_cmpeq_epi32(acc->of[v][r], at);
                acc->of[v][r] = _mm256_blendv_epi8(acc->of[v][r], substitute, same);
            }
        }
    }
}

/* A tile of a block that needs more than floats. */
Q8_NOINLINE static void finish_general(int32_t halves, const group *g, int32_t first, column *acc, uint8_t *out) {
    for (int32_t v = 0; v < halves; v++) {
        const int32_t vector = (first + v) / 2, half = (first + v) % 2;
        __m256i *values = acc->of[v];
        if (g->block->conv_fixups[vector] != 0) {
            q8_requant_some(GROUP, values, &g->extras->conv[vector], half);
        } else {
            const epilogue *e = &g->block->epilogue[vector];
            const int32_t lane = half * Q8_LANES;
            const __m256 scale = _mm256_loadu_ps(e->scale + lane), offset = _mm256_loadu_ps(e->offset + lane);
            for (int r = 0; r < GROUP; r++) values[r] = q8_rescale(values[r], scale, offset);
        }
        store_half(1, g, values, out + v * 32); /* as if rows were missing, which `filled` says */
    }
}

/* Adds the products of the rests of column x. */
Q8_INLINE void add_rests(int rows, int halves, const inputs *in, int32_t x, const int8_t *weights, ptrdiff_t stride,
                         column *acc) {
    const int8_t *panels[TILE_HALVES];
    if (!in->rests) return;
    Q8_UNROLL for (int v = 0; v < halves; v++) panels[v] = weights + v * 32;
    dot_rests(rows, halves, in->rests[x], in->rests[x + 1], 0, panels, stride, acc->of);
}

/* Vectors of 8 channels from `first` on; constants let the compiler keep accumulators in registers. What lies where a
 * row is missing is multiplied, too: the copy has memory for one more row than a band. */
Q8_INLINE void conv_columns(int rows, int halves, const group *shared, int32_t first, int32_t width) {
    const group g = *shared; /* nothing that is written can change it */
    const uint8_t *from = g.in.bytes;
    const char *prefetch = g.prefetch.weights.from;
    const size_t each = first == 0 ? g.prefetch.each : 0;
    uint8_t *out = g.out + first * 32;
    const ptrdiff_t stride = (ptrdiff_t)g.vectors * 64, row_stride = row_step(&g.in);
    const int8_t *panel = g.block->weights + first * 32;
    for (int32_t x = 0; x < width; x++, out += stride, from += g.in.pixel_stride) {
        column acc;
        Q8_UNROLL for (int v = 0; v < halves; v++) {
            const int32_t lane = (first + v) % 2 * Q8_LANES;
            const __m256i folded_bias = q8_load(g.block->epilogue[(first + v) / 2].folded_bias + lane);
            Q8_UNROLL for (int r = 0; r < rows; r++) acc.of[v][r] = folded_bias;
        }
        const int8_t *weights = panel;
        for (int32_t i = 0; i < g.in.quads; i++, weights += stride) {
            multiply(rows, halves, from + i * GROUP_BYTES, row_stride, weights, &acc);
        }
        for (int32_t i = 0; i < g.in.words; i++, weights += stride) {
            dot_words(rows, halves, from + i * 4, (ptrdiff_t)g.in.row_stride, weights, acc.of);
        }
        add_rests(rows, halves, &g.in, x, panel, stride, &acc);
        mn_q8_prefetch_now(prefetch, each);
        prefetch += each;
        if (g.adjusts) adjust(rows, halves, &g, first, x, &acc);
        if (g.general) {
            column copy; /* in memory, so that the accumulators need not be */
            Q8_UNROLL for (int v = 0; v < halves; v++) {
                Q8_UNROLL for (int r = 0; r < GROUP; r++) copy.of[v][r] = acc.of[v][r < rows ? r : 0];
            }
            finish_general(halves, &g, first, &copy, out);
        } else {
            finish(rows, halves, &g, first, &acc, out);
        }
    }
}

Q8_INLINE void conv_halves(int rows, const group *g, int32_t width) {
    const int32_t all = 2 * g->vectors;
    int32_t first = 0;
    for (; TILE_HALVES == 3 && all == 6 && first < all; first += 3) conv_columns(rows, TILE_HALVES, g, first, width);
    for (; first < all; first += 2) conv_columns(rows, 2, g, first, width);
}

/* Two rows are rare. */
Q8_TARGET static void conv_rows(const group *g, int32_t width) {
    switch (g->rows) {
    case 4: conv_halves(4, g, width); break;
    case 1: conv_halves(1, g, width); break;
    default: conv_halves(3, g, width); break;
    }
}

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

/* Adds output row `r` of four to `acc`. */
Q8_INLINE __m256i dot_slices(int stride, __m256i acc, const filter *f, const slice *slices, int r) {
    const int from = stride == 1 ? r / 2 : r, begin = r * stride % GROUP;
    Q8_UNROLL for (int t = 0; t < TAPS; t++) {
        acc = dot_cells(acc, slices[t].rows[from], f->begin[begin][t]);
        __asm__ volatile("" : "+x"(acc)); /* row by row, or registers run out */
    }
    return acc;
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
    ptrdiff_t at = half * 32;
    slice slices[TAPS] = {load_slice(stride, &s, at), load_slice(stride, &s, at + s.column)};
    uint8_t *out = s.out + half * 32;
    for (int32_t x = 0; x < s.width; x++, out += s.out_stride, at += stride * s.column) {
        if (stride == 2 && x > 0) slices[1] = load_slice(2, &s, at + s.column);
        slices[2] = load_slice(stride, &s, at + 2 * s.column);
        __m256i values[GROUP];
        Q8_UNROLL for (int r = 0; r < GROUP; r++) values[r] = dot_slices(stride, folded_bias, &f, slices, r);
        if (plain) {
            Q8_UNROLL for (int r = 0; r < GROUP; r++) values[r] = q8_rescale(values[r], scale, offset);
        } else {
            if (s.rest) {
                Q8_UNROLL for (int r = 0; r < GROUP; r++) values[r] = dot_slices(stride, values[r], &rest, slices, r);
            }
            q8_requant_some(GROUP, values, s.requant, half);
        }
        const __m256i bytes = to_unsigned(q8_narrow_4(values), s.range);
        _mm256_storeu_si256((__m256i *)(void *)out, _mm256_and_si256(bytes, exists));
        slices[0] = stride == 2 ? slices[2] : slices[1];
        if (stride == 1) slices[1] = slices[2];
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

#include "kernels/x86/conv_depthwise_q8_run.h"

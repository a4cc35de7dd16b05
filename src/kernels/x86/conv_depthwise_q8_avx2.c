/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A convolution and the depthwise 3x3 convolution behind it, int8 and uint8, for AVX2. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/conv_depthwise_q8.h"
#include "kernels/x86/products_avx2.h"

/* The first of the groups that copied conv rows are in. */
static int32_t first_group_of(const band *b) { return (b->first_copied + b->p->depthwise.window.pad_top) / GROUP; }

/* In what is split, rows are side by side. */
enum { GROUP_BYTES = GROUP * 4 };

static inline ptrdiff_t row_step(const inputs *in) { return (void)in, 4; }

static mn_layout output_layout(void) { return mn_layout_q8(); }

/* Columns begin with the first row that there is. What filters larger than a pixel meet, often a picture, has no value
 * that most are near, and is multiplied in 16 bits. */
static inputs inputs_of(const band *b, int32_t index, int32_t row) {
    if (b->l.gathers) {
        inputs in = copied(b, row);
        const wide_sizes s = mn_conv_depthwise_q8_wide(b->p, &b->l);
        in.words = in.quads;
        in.quads = 0;
        in.wide_weights = (int8_t *)b->copy + s.weights_at;
        in.wide = b->copy + s.columns_at;
        in.columns = s.columns;
        return in;
    }
    const split_sizes s = mn_conv_depthwise_q8_split(b->p, &b->l);
    const int32_t from_first = index - first_group_of(b);
    const size_t column = (size_t)from_first * (size_t)b->p->conv.window.out_w;
    const mn_rests_q8 *rests = (const mn_rests_q8 *)(const void *)(b->copy + s.groups_at) + from_first;
    return (inputs){.bytes = b->copy + s.bytes_at + column * s.column,
                    .pixel_stride = s.column,
                    .quads = rests->excess ? mn_groups_of(b->p->conv.window.in_c, 4) : b->l.quads,
                    .rests = *rests};
}

/* Two rows of 16 products. */
Q8_INLINE __m256i two_rows(const uint8_t *first, const uint8_t *second) {
    const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)first);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), _mm_loadu_si128((const __m128i *)(const void *)second),
                                   1);
}

/* Splits a column of four rows into bytes, signed ones with `excess`; returns the end of the rests. */
Q8_INLINE mn_rest_q8 *split_column(int32_t together, const uint8_t *const rows[GROUP], size_t at,
                                   const mn_spans_q8 *spans, int32_t quads, uint8_t *to, int32_t start,
                                   mn_rest_q8 *rests, int32_t *excess) {
    __m256i sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (int32_t quad = 0; quad < quads; quad += 4, at += MN_SPANS_Q8_UNIT, to += GROUP * MN_SPANS_Q8_UNIT) {
        const __m256i first = two_rows(rows[0] + at, rows[1] + at), second = two_rows(rows[2] + at, rows[3] + at);
        rests = excess ? split_signed(together, first, second, spans, quad, to, start, rests, sums)
                       : split_unit(first, second, spans, quad, to, start, rests);
    }
    if (excess) store_excess(sums, (int32_t)mn_spans_q8_products(quads), MN_Q8_RAISED, excess);
    return rests;
}

/* All columns of a group of rows. */
Q8_TARGET static void split_columns(const band *b, const split_sizes *s, const uint8_t *const rows[GROUP], uint8_t *to,
                                    mn_rests_q8 *listed) {
    const mn_spans_q8 spans = mn_spans_q8_at((char *)b->packed + b->l.spans_at, b->l.quads);
    mn_rest_q8 *rests = (mn_rest_q8 *)listed->end;
    for (int32_t x = 0; x < b->p->conv.window.out_w; x++, to += s->column) {
        const size_t at = (size_t)x * b->l.pixel_stride;
        rests = split_column(listed->together, rows, at, &spans, b->l.quads, to, mn_rests_q8_next(listed), rests,
                             listed->excess ? listed->excess[x] : NULL);
        mn_rests_q8_end_column(listed, x, rests);
    }
}

Q8_TARGET static void prepare_copy(const band *b) {
    if (b->l.gathers) return;
    const split_sizes s = mn_conv_depthwise_q8_split(b->p, &b->l);
    const int32_t width = b->p->conv.window.out_w, pad = b->p->depthwise.window.pad_top;
    uint8_t *to = b->copy + s.bytes_at;
    mn_rest_q8 *rests = (mn_rest_q8 *)(void *)(b->copy + s.rests_at);
    int32_t *start = (int32_t *)(void *)(b->copy + s.starts_at);
    int32_t(*excess)[GROUP] = (int32_t(*)[GROUP])(void *)(b->copy + s.excess_at);
    mn_rests_q8 *lists = (mn_rests_q8 *)(void *)(b->copy + s.groups_at);
    const mn_spans_q8 spans = mn_spans_q8_at((char *)b->packed + b->l.spans_at, b->l.quads);
    const bool is_signed = mn_spans_q8_are_signed(&spans, b->conv.in);
    for (int32_t row = b->first_copied, next; row < b->last_copied; row = next, start += width, excess += width) {
        const uint8_t *rows[GROUP];
        next = mn_min_i32(b->last_copied, ((row + pad) / GROUP + 1) * GROUP - pad);
        for (int32_t r = 0; r < GROUP; r++) {
            rows[r] = b->copy + (size_t)(mn_min_i32(row + r, next - 1) - b->first_copied) * b->l.conv_stride;
        }
        mn_rests_q8 listed = mn_rests_q8_begin(start, b->copy + s.sums_at, rests, is_signed ? excess : NULL);
        split_columns(b, &s, rows, to, &listed);
        if (is_signed && mn_rests_q8_are_many(&listed, width, b->l.quads)) {
            mn_rests_q8_begin_pairs(&listed);
            split_columns(b, &s, rows, to, &listed);
        }
        to += (size_t)width * s.column;
        rests += listed.end - listed.from;
        *lists++ = listed;
    }
}

#include "kernels/x86/conv_depthwise_q8_tile.h"

/* The weights of a block in 16 bits, [group of products][vector of 8 channels][2][8 channels][2]. */
Q8_INLINE void widen_weights(const group *g) {
    int8_t *to = g->in.wide_weights;
    for (int32_t i = 0; i < g->in.words * g->vectors * 2; i++, to += 64) {
        const tap words = tap_of(q8_load(g->block->weights + (ptrdiff_t)i * 32));
        _mm256_storeu_si256((__m256i *)(void *)to, words.even);
        _mm256_storeu_si256((__m256i *)(void *)(to + 32), words.odd);
    }
}

/* So many bytes of gathered pixels in 16 bits, [group of products][2][2]. */
Q8_INLINE void widen_pixels(const uint8_t *from, size_t bytes, uint8_t *to) {
    for (const uint8_t *end = from + bytes; from < end; from += 32, to += 64) {
        const cells words = cells_of(q8_load(from));
        const __m256i low = _mm256_unpacklo_epi32(words.even, words.odd);
        const __m256i high = _mm256_unpackhi_epi32(words.even, words.odd);
        _mm256_storeu_si256((__m256i *)(void *)to, _mm256_permute2x128_si256(low, high, 0x20));
        _mm256_storeu_si256((__m256i *)(void *)(to + 32), _mm256_permute2x128_si256(low, high, 0x31));
    }
}

/* In 16 bits, some columns at a time. */
Q8_TARGET static void conv_words(const group *g, int32_t width) {
    const inputs *in = &g->in;
    group some = *g;
    some.in.bytes = in->wide;
    some.in.pixel_stride = 2 * in->pixel_stride;
    some.in.row_stride = some.in.pixel_stride * (size_t)in->columns;
    widen_weights(g);
    for (int32_t x = 0, count; x < width; x += count) {
        count = mn_min_i32(in->columns, width - x);
        for (int32_t r = 0; r < GROUP; r++) {
            const uint8_t *row = in->bytes + (size_t)row_of(g, r) * in->row_stride;
            widen_pixels(row + (size_t)x * in->pixel_stride, (size_t)count * in->pixel_stride,
                         in->wide + (size_t)r * some.in.row_stride);
        }
        conv_tiles(true, &some, count);
        some.out += (ptrdiff_t)count * g->vectors * 64;
        some.sums += count;
        some.prefetch.weights.from += some.prefetch.each * (size_t)count;
    }
}

static void conv_rows(const group *g, int32_t width) {
    if (g->in.words > 0)
        conv_words(g, width);
    else
        conv_bytes(g, width);
}

#include "kernels/x86/conv_depthwise_q8_run.h"

void mn_conv_depthwise_i8_avx2(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_INT8, MN_INT8);
}

void mn_conv_depthwise_u8_i8_avx2(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_UINT8, MN_INT8);
}

void mn_conv_depthwise_u8_avx2(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_UINT8, MN_UINT8);
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What fused 8-bit kernels multiply with AVX2: bytes within their spans, four at a time, and rests (spans_q8.h). */
#ifndef MN_KERNELS_X86_PRODUCTS_AVX2_H
#define MN_KERNELS_X86_PRODUCTS_AVX2_H

#include "kernels/x86/q8_avx2.h"
#include "kernels/x86/spans_q8.h"

/* Vectors of 8 channels in a tile of four pixels; activations are split into bytes and rests. */
enum { TILE_HALVES = 2, TILE_MOST = 2, SPLITS = 1 };

/* Adds to each of 8 accumulators four products. */
Q8_INLINE __m256i dot_bytes(__m256i acc, __m256i x, __m256i w) {
    return _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_maddubs_epi16(x, w), _mm256_set1_epi16(1)));
}

/* Four rows of 8 channels, and four rows of a filter, as dot_cells() multiplies them. */
typedef struct cells {
    __m256i even, odd;
} cells;

typedef cells tap;

Q8_INLINE cells cells_of(__m256i bytes) {
    return (cells){_mm256_and_si256(bytes, _mm256_set1_epi16(0xff)), _mm256_srli_epi16(bytes, 8)};
}

Q8_INLINE tap tap_of(__m256i bytes) {
    return (tap){_mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8), _mm256_srai_epi16(bytes, 8)};
}

Q8_INLINE __m256i dot_cells(__m256i acc, cells x, tap w) { return q8_dot(q8_dot(acc, x.even, w.even), x.odd, w.odd); }

/* Adds to each of 8 accumulators the products of one or two `groups`, [row][4] each, added up in 16 bits. */
Q8_INLINE void dot_groups(int groups, q8_shape s, const uint8_t *in, ptrdiff_t width, const int8_t *const *weights,
                          ptrdiff_t at, ptrdiff_t stride, __m256i acc[TILE_HALVES][4]) {
    (void)width; /* rests are those of one column */
    Q8_UNROLL for (int r = 0; r < s.rows; r++) {
        Q8_UNROLL for (int v = 0; v < s.halves; v++) {
            __m256i sums = _mm256_maddubs_epi16(q8_four_bytes(in + r * 4), q8_load(weights[v] + at));
            if (groups == 2) {
                const __m256i x = q8_four_bytes(in + 16 + r * 4);
                sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(x, q8_load(weights[v] + at + stride)));
            }
            acc[v][r] = _mm256_add_epi32(acc[v][r], _mm256_madd_epi16(sums, _mm256_set1_epi16(1)));
        }
        __asm__ volatile("" : "+r"(in)); /* row by row, or registers run out */
    }
}

/* Adds to each of 8 accumulators four products in 16 bits; activations and weights are those of even and odd products,
 * one after the other. */
Q8_INLINE void dot_words(int rows, int halves, const uint8_t *from, ptrdiff_t row_stride, const int8_t *weights,
                         __m256i acc[TILE_HALVES][4]) {
    Q8_UNROLL for (int i = 0; i < 2; i++) {
        __m256i w[TILE_HALVES];
        Q8_UNROLL for (int v = 0; v < halves; v++) {
            w[v] = q8_load(weights + v * 64 + i * 32);
            __asm__("" : "+x"(w[v])); /* loaded once */
        }
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            const __m256i x = q8_four_bytes(from + i * 4 + r * row_stride);
            Q8_UNROLL for (int v = 0; v < halves; v++) {
                acc[v][r] = q8_dot(acc[v][r], x, w[v]);
                __asm__ volatile("" : "+x"(acc[v][r])); /* in this order, or registers run out */
            }
        }
    }
}

/* Adds to each of 8 accumulators the products of one or two groups, [row][4] each, of signed bytes with unsigned
 * weights. */
Q8_INLINE void dot_signed(int groups, int rows, int halves, const uint8_t *in, const int8_t *const *weights,
                          ptrdiff_t at, ptrdiff_t stride, __m256i acc[TILE_HALVES][4]) {
    __m256i w[TILE_HALVES][2];
    Q8_UNROLL for (int v = 0; v < halves; v++) {
        Q8_UNROLL for (int i = 0; i < groups; i++) {
            w[v][i] = q8_load(weights[v] + at + i * stride);
            __asm__("" : "+x"(w[v][i])); /* loaded once */
        }
    }
    Q8_UNROLL for (int r = 0; r < rows; r++) {
        const __m256i x = q8_four_bytes(in + r * 4), more = groups == 2 ? q8_four_bytes(in + 16 + r * 4) : x;
        Q8_UNROLL for (int v = 0; v < halves; v++) {
            __m256i sums = _mm256_maddubs_epi16(w[v][0], x);
            if (groups == 2) sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(w[v][1], more));
            acc[v][r] = _mm256_add_epi32(acc[v][r], _mm256_madd_epi16(sums, _mm256_set1_epi16(1)));
        }
        __asm__ volatile("" : "+r"(in)); /* row by row, or registers run out */
    }
}

/* The same of all `quads` groups; `together`: what may be added up in 16 bits. */
Q8_INLINE void dot_all_signed(int32_t together, int32_t quads, int rows, int halves, const uint8_t *in,
                              const int8_t *const *weights, ptrdiff_t stride, __m256i acc[TILE_HALVES][4]) {
    ptrdiff_t at = 0;
    int32_t q = 0;
    for (; together == MN_SPANS_Q8_FOURS && q + 2 <= quads; q += 2, in += 32, at += 2 * stride) {
        dot_signed(2, rows, halves, in, weights, at, stride, acc);
    }
    for (; q < quads; q++, in += 16, at += stride) dot_signed(1, rows, halves, in, weights, at, stride, acc);
}

/* Takes off what unsigned weights add too much. */
Q8_INLINE void take_off_excess(int rows, int halves, const int32_t excess[4], __m256i acc[TILE_HALVES][4]) {
    Q8_UNROLL for (int r = 0; r < rows; r++) {
        const __m256i over = _mm256_set1_epi32(excess[r]);
        Q8_UNROLL for (int v = 0; v < halves; v++) acc[v][r] = _mm256_sub_epi32(acc[v][r], over);
    }
}

/* Adds the products of a rest; `flip` makes weights signed. */
Q8_INLINE void add_rest(int halves, const mn_rest_q8 *rest, int32_t (*sums)[8], const int8_t *const *weights,
                        ptrdiff_t stride, __m256i flip) {
    static const int16_t factors_of[2][2] = {{1, 1}, {-1, -1}};
    const __m256i x = q8_four_bytes(rest->bytes), factors = q8_four_bytes(factors_of[rest->quad % 2]);
    const size_t from = rest->quad / 2 * (size_t)stride;
    Q8_UNROLL for (int v = 0; v < halves; v++) {
        int32_t *to = sums[rest->at + v * MN_RESTS_Q8_VECTOR];
        const __m256i pairs = _mm256_maddubs_epi16(x, _mm256_xor_si256(q8_load(weights[v] + from), flip));
        const __m256i sum = _mm256_add_epi32(q8_load(to), _mm256_madd_epi16(pairs, factors));
        _mm256_storeu_si256((__m256i *)(void *)to, sum);
    }
}

/* Begins the accumulators of columns with biases and the products of rests. Group q of the weights lies at
 * weights[vector] + q * stride. */
Q8_INLINE void begin_columns(int halves, const mn_rests_q8 *rests, const __m256i bias[TILE_HALVES],
                             const int8_t *const *weights, ptrdiff_t stride) {
    const __m256i flip = _mm256_set1_epi8((char)(rests->excess ? 0x80 : 0));
    __m256i *sums = (__m256i *)(void *)rests->sums;
    for (const __m256i *end = sums + rests->starts * TILE_HALVES * 4; sums < end; sums += TILE_HALVES * 4) {
        Q8_UNROLL for (int v = 0; v < halves; v++) {
            Q8_UNROLL for (int r = 0; r < 4; r++) _mm256_storeu_si256(sums + v * 4 + r, bias[v]);
        }
    }
    for (const mn_rest_q8 *rest = rests->from; rest < rests->end; rest++) {
        add_rest(halves, rest, rests->sums, weights, stride, flip);
    }
}

/* Row `row` of vector `v` of a column's accumulators, as they begin. */
Q8_INLINE __m256i begun(const mn_rests_q8 *rests, int32_t x, int v, int row) {
    return q8_load(rests->sums[rests->start[x] + v * MN_RESTS_Q8_VECTOR + row]);
}

/* Which of eight 32-bit lanes are not 0, a bit each. */
Q8_INLINE uint32_t lanes_of(__m256i v) {
    const __m256i none = _mm256_cmpeq_epi32(v, _mm256_setzero_si256());
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(none)) ^ 0xff;
}

/* Each of four bytes, at most 127. */
static inline uint32_t part_of(uint32_t bytes) {
    const uint32_t large = (bytes >> 7 & UINT32_C(0x01010101)) * 255;
    return (bytes & ~large) | (large & UINT32_C(0x7f7f7f7f));
}

/* Lists what is not 0 of a unit from group `quad` on, two vectors of [2 rows][16 products], in parts; returns the end.
 */
Q8_INLINE mn_rest_q8 *list_rests(const __m256i rows[2], bool is_under, int32_t quad, int32_t at, mn_rest_q8 *to) {
    uint32_t words[2 * Q8_LANES], lanes = lanes_of(rows[0]) | lanes_of(rows[1]) << Q8_LANES;
    Q8_UNROLL for (int i = 0; i < 2; i++) _mm256_storeu_si256((__m256i *)(void *)(words + i * Q8_LANES), rows[i]);
    for (; lanes; lanes &= lanes - 1) {
        const uint32_t lane = (uint32_t)__builtin_ctz(lanes);
        for (uint32_t left = words[lane], part; left; left -= part) {
            part = part_of(left);
            to->quad = (uint16_t)(((uint32_t)quad + lane % 4) * 2 + is_under);
            to->at = (uint16_t)((uint32_t)at + lane / 4);
            memcpy(to++->bytes, &part, sizeof part);
        }
    }
    return to;
}

/* Rare enough to be no part of split_unit(). */
Q8_NOINLINE static mn_rest_q8 *list_both(const __m256i over[2], const __m256i under[2], int32_t quad, int32_t at,
                                         mn_rest_q8 *to) {
    to = list_rests(over, false, quad, at, to);
    return list_rests(under, true, quad, at, to);
}

/* Splits 16 products from group `quad` on of rows 0 and 1, and of 2 and 3, of a column whose accumulators begin at `at`
 * if it has rests; returns the end of these. */
Q8_INLINE mn_rest_q8 *split_unit(__m256i first, __m256i second, const mn_spans_q8 *spans, int32_t quad, uint8_t *to,
                                 int32_t at, mn_rest_q8 *rests) {
    const __m256i order = q8_both_halves(spans->order + quad * 4), low = q8_both_halves(spans->low + quad * 4);
    const __m256i width = q8_both_halves(spans->width + quad * 4), rows[] = {first, second};
    __m256i bytes[2], over[2], under[2];
    Q8_UNROLL for (int i = 0; i < 2; i++) {
        const __m256i x = _mm256_shuffle_epi8(rows[i], order), above = _mm256_subs_epu8(x, low);
        bytes[i] = _mm256_min_epu8(above, width);
        over[i] = _mm256_subs_epu8(above, width);
        under[i] = _mm256_subs_epu8(low, x);
    }
    q8_store_quads(bytes[0], bytes[1], to);
    const __m256i any = _mm256_or_si256(_mm256_or_si256(over[0], over[1]), _mm256_or_si256(under[0], under[1]));
    return _mm256_testz_si256(any, any) ? rests : list_both(over, under, quad, at, rests);
}

/* What is added up in 16 bits, and where the other pair of a four is: beside it in [2 rows][16 products], or in the
 * other half of [2 groups][4 rows][4]. */
typedef struct parts {
    bool fours, in_halves;
} parts;

/* Sums of pairs of bytes; of the other pairs of their fours. */
Q8_INLINE __m256i pairs_of(__m256i bytes) { return _mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1)); }

Q8_INLINE __m256i others_of(parts p, __m256i pairs) {
    if (!p.fours) return _mm256_setzero_si256();
    return p.in_halves ? _mm256_permute4x64_epi64(pairs, 0x4e) : _mm256_shuffle_epi32(pairs, 0xb1);
}

Q8_INLINE __m256i sums_of(parts p, __m256i bytes) {
    const __m256i pairs = pairs_of(bytes);
    return _mm256_add_epi16(pairs, others_of(p, pairs));
}

/* Takes pairs out of what is more than `limit`: of a four the larger one, and the other if that is too much alone. */
Q8_INLINE __m256i take_pairs(parts p, int16_t limit, __m256i *bytes) {
    const __m256i pairs = pairs_of(*bytes), others = others_of(p, pairs), most = _mm256_set1_epi16(limit);
    const __m256i half = _mm256_setr_epi32(0x10001, 0x10001, 0x10001, 0x10001, 0, 0, 0, 0);
    const __m256i first = p.in_halves ? half : _mm256_set1_epi64x(0x00010001); /* of two equal ones */
    const __m256i is_larger = _mm256_cmpgt_epi16(_mm256_add_epi16(pairs, first), others);
    const __m256i is_wrong = _mm256_cmpgt_epi16(_mm256_add_epi16(pairs, others), most);
    const __m256i leaves = _mm256_and_si256(is_wrong, _mm256_or_si256(is_larger, _mm256_cmpgt_epi16(pairs, most)));
    const __m256i taken = _mm256_and_si256(*bytes, leaves);
    *bytes = _mm256_sub_epi8(*bytes, taken);
    return taken;
}

Q8_NOINLINE static mn_rest_q8 *list_pairs(parts p, __m256i over[2], __m256i under[2], int32_t quad, int32_t at,
                                          mn_rest_q8 *to) {
    __m256i above[2], below[2];
    for (int i = 0; i < 2; i++) above[i] = take_pairs(p, 127, &over[i]), below[i] = take_pairs(p, 127, &under[i]);
    return list_both(above, below, quad, at, to);
}

/* The same for signed bytes, of which no pair or four is too much; adds those of each row, 128 more than they are, to
 * `sums`, [2 rows][2] each. */
Q8_INLINE mn_rest_q8 *split_signed(int32_t together, __m256i first, __m256i second, const mn_spans_q8 *spans,
                                   int32_t quad, uint8_t *to, int32_t at, mn_rest_q8 *rests, __m256i sums[2]) {
    const parts p = {together == MN_SPANS_Q8_FOURS, false};
    const __m256i zero = q8_both_halves(spans->low + quad * 4), exists = q8_both_halves(spans->width + quad * 4);
    const __m256i rows[] = {first, second};
    __m256i over[2], under[2], most[2], bytes[2];
    Q8_UNROLL for (int i = 0; i < 2; i++) {
        over[i] = _mm256_and_si256(_mm256_subs_epu8(rows[i], zero), exists);
        under[i] = _mm256_and_si256(_mm256_subs_epu8(zero, rows[i]), exists);
        most[i] = _mm256_max_epi16(sums_of(p, over[i]), sums_of(p, under[i]));
    }
    const __m256i wrong = _mm256_cmpgt_epi16(_mm256_max_epi16(most[0], most[1]), _mm256_set1_epi16(127));
    if (!_mm256_testz_si256(wrong, wrong)) {
        __m256i above[] = {over[0], over[1]}, below[] = {under[0], under[1]}; /* in memory, which those need not be */
        rests = list_pairs(p, above, below, quad, at, rests);
        Q8_UNROLL for (int i = 0; i < 2; i++) over[i] = above[i], under[i] = below[i];
    }
    Q8_UNROLL for (int i = 0; i < 2; i++) {
        bytes[i] = _mm256_sub_epi8(over[i], under[i]);
        const __m256i raised = _mm256_xor_si256(bytes[i], _mm256_set1_epi8((char)0x80));
        sums[i] = _mm256_add_epi64(sums[i], _mm256_sad_epu8(raised, _mm256_setzero_si256()));
    }
    q8_store_quads(bytes[0], bytes[1], to);
    return rests;
}

/* What unsigned weights add too much to four rows whose `products` signed bytes have these sums, and `more`. */
Q8_INLINE void store_excess(const __m256i sums[2], int32_t products, int32_t more, int32_t to[4]) {
    const __m256i rows = _mm256_add_epi64(_mm256_unpacklo_epi64(sums[0], sums[1]),
                                          _mm256_unpackhi_epi64(sums[0], sums[1])); /* 0, 2, 1, 3 */
    const __m256i in_order = _mm256_permutevar8x32_epi32(rows, _mm256_setr_epi32(0, 4, 2, 6, 0, 4, 2, 6));
    const __m256i excess = _mm256_slli_epi32(_mm256_sub_epi32(in_order, _mm256_set1_epi32(128 * products)), 7);
    const __m256i all = _mm256_add_epi32(excess, _mm256_set1_epi32(more));
    _mm_storeu_si128((__m128i *)(void *)to, _mm256_castsi256_si128(all));
}

#endif

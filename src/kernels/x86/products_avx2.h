/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What fused 8-bit kernels multiply with AVX2: bytes, as far as they lie within their spans (spans_q8.h), eight at a
 * time; and rests, in 16 bits. */
#ifndef MN_KERNELS_X86_PRODUCTS_AVX2_H
#define MN_KERNELS_X86_PRODUCTS_AVX2_H

#include "kernels/x86/q8_avx2.h"
#include "kernels/x86/spans_q8.h"

/* Groups of four products that are multiplied at a time; and vectors of 8 channels in a tile of four pixels: their
 * weights and accumulators, and what they need beside, are all registers. */
enum { QUADS = MN_SPANS_Q8_QUADS, TILE_HALVES = 2 };

/* Adds to each of 8 accumulators the products of QUADS groups. */
Q8_INLINE __m256i dot_bytes(__m256i acc, const __m256i x[QUADS], const __m256i w[QUADS]) {
    const __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(x[0], w[0]), _mm256_maddubs_epi16(x[1], w[1]));
    return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

/* Adds the products of the rests `from` of a group; `weights` are those of the group. */
Q8_INLINE void dot_rest(int rows, int halves, const mn_rests_q8 *rests, const int16_t *from,
                        const int8_t *const *weights, __m256i acc[][4]) {
    __m256i bytes[TILE_HALVES];
    Q8_UNROLL for (int v = 0; v < halves; v++) bytes[v] = q8_load(weights[v]);
    Q8_UNROLL for (int part = 0; part < 2; part++) {
        __m256i w[TILE_HALVES];
        Q8_UNROLL for (int v = 0; v < halves; v++) {
            w[v] = _mm256_srai_epi16(part ? bytes[v] : _mm256_slli_epi16(bytes[v], 8), 8);
        }
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            const __m256i x = q8_four_bytes(from + rests->row[r] + part * rests->part_stride);
            Q8_UNROLL for (int v = 0; v < halves; v++) {
                acc[v][r] = q8_dot(acc[v][r], x, w[v]);
                __asm__("" : "+x"(acc[v][r]), "+r"(from)); /* before the next load, or registers run out */
            }
        }
    }
}

/* Adds the products of all rests of column x; group q of the weights lies at weights[vector] + q * stride. */
Q8_INLINE void dot_rests(int rows, int halves, const mn_rests_q8 *rests, int32_t x, const int8_t *const *weights,
                         ptrdiff_t stride, __m256i acc[][4]) {
    for (int32_t word = 0; word < rests->words; word++) {
        for (uint64_t left = rests->marks[x * rests->words + word]; left != 0; left &= left - 1) {
            const int32_t quad = word * 64 + __builtin_ctzll(left);
            const int8_t *from[TILE_HALVES];
            Q8_UNROLL for (int v = 0; v < halves; v++) from[v] = weights[v] + quad * stride;
            dot_rest(rows, halves, rests, rests->values + x * rests->column + quad * rests->quad_stride, from, acc);
        }
    }
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

#endif

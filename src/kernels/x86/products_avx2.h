/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What fused 8-bit kernels multiply with AVX2: bytes, as far as they lie within their spans (spans_q8.h), four at a
 * time; and rests, in 16 bits. */
#ifndef MN_KERNELS_X86_PRODUCTS_AVX2_H
#define MN_KERNELS_X86_PRODUCTS_AVX2_H

#include "kernels/x86/q8_avx2.h"
#include "kernels/x86/spans_q8.h"

/* Vectors of 8 channels in a tile of four pixels. */
enum { TILE_HALVES = 2 };

/* Adds to each of 8 accumulators four products. */
Q8_INLINE __m256i dot_bytes(__m256i acc, __m256i x, __m256i w) {
    return _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_maddubs_epi16(x, w), _mm256_set1_epi16(1)));
}

/* Adds the products of the rests of one group; `weights` are those of the group. */
Q8_INLINE void dot_rest(const mn_rests_q8 *rests, const int16_t *from, const int8_t *const *weights,
                        __m256i acc[TILE_HALVES][4]) {
    __m256i bytes[TILE_HALVES];
    Q8_UNROLL for (int v = 0; v < TILE_HALVES; v++) bytes[v] = q8_load(weights[v]);
    Q8_UNROLL for (int part = 0; part < 2; part++) {
        __m256i w[TILE_HALVES];
        Q8_UNROLL for (int v = 0; v < TILE_HALVES; v++) {
            w[v] = _mm256_srai_epi16(part ? bytes[v] : _mm256_slli_epi16(bytes[v], 8), 8);
        }
        Q8_UNROLL for (int r = 0; r < 4; r++) {
            const __m256i x = q8_four_bytes(from + rests->row[r] + part * rests->part_stride);
            Q8_UNROLL for (int v = 0; v < TILE_HALVES; v++) {
                acc[v][r] = q8_dot(acc[v][r], x, w[v]);
                __asm__("" : "+x"(acc[v][r]), "+r"(from)); /* before the next load, or registers run out */
            }
        }
    }
}

/* Adds the products of all rests of column x, if it has any; group q of the weights lies at weights[vector] + q *
 * stride. A function of its own, so that those without need no registers for it. */
Q8_NOINLINE static void dot_rests(const mn_rests_q8 *rests, int32_t x, const int8_t *const *weights, ptrdiff_t stride,
                                  __m256i acc[TILE_HALVES][4]) {
    __m256i sums[TILE_HALVES][4];
    memcpy(sums, acc, sizeof sums);
    for (int32_t word = 0; word < rests->words; word++) {
        for (uint64_t left = rests->marks[x * rests->words + word]; left != 0; left &= left - 1) {
            const int32_t quad = word * 64 + __builtin_ctzll(left);
            const int8_t *from[TILE_HALVES];
            Q8_UNROLL for (int v = 0; v < TILE_HALVES; v++) from[v] = weights[v] + quad * stride;
            dot_rest(rests, rests->values + x * rests->column + quad * rests->quad_stride, from, sums);
        }
    }
    memcpy(acc, sums, sizeof sums);
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

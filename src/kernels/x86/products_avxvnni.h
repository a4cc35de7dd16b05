/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What fused 8-bit kernels multiply with AVX-VNNI: bytes as they are, four at a time. */
#ifndef MN_KERNELS_X86_PRODUCTS_AVXVNNI_H
#define MN_KERNELS_X86_PRODUCTS_AVXVNNI_H

#include "kernels/x86/q8_avxvnni.h"
#include "kernels/x86/spans_q8.h"

/* Vectors of 8 channels in a tile of four pixels, and of three: 12 accumulators, as many as hide what a dot product
 * takes. Activations are not split. */
enum { TILE_HALVES = 3, TILE_MOST = 4, SPLITS = 0 };

Q8_INLINE __m256i dot_bytes(__m256i acc, __m256i x, __m256i w) { return q8_dot(acc, x, w); }

/* The same of three rows and four vectors, which need all registers: weights are loaded one after another. */
Q8_INLINE void dot_three_rows(const uint8_t *in, const int8_t *const *weights, ptrdiff_t at, __m256i (*acc)[4]) {
    __m256i x[3];
    Q8_UNROLL for (int r = 0; r < 3; r++) {
        x[r] = q8_four_bytes(in + r * 4);
        __asm__("" : "+x"(x[r])); /* loaded once */
    }
    Q8_UNROLL for (int v = 0; v < TILE_MOST; v++) {
        const int8_t *from = weights[v];
        __asm__ volatile("" : "+r"(from)); /* before the next load, or registers run out */
        const __m256i w = q8_load(from + at);
        Q8_UNROLL for (int r = 0; r < 3; r++) acc[v][r] = q8_dot(acc[v][r], x[r], w);
    }
}

/* Adds to each of 12 accumulators the products of one group, [row][4], of columns `width` bytes apart. */
Q8_INLINE void dot_groups(int groups, q8_shape s, const uint8_t *in, ptrdiff_t width, const int8_t *const *weights,
                          ptrdiff_t at, ptrdiff_t stride, __m256i acc[TILE_HALVES][4]) {
    __m256i w[TILE_HALVES];
    (void)groups, (void)stride;
    if (s.halves > TILE_HALVES) {
        dot_three_rows(in, weights, at, acc);
        return;
    }
    Q8_UNROLL for (int v = 0; v < s.halves; v++) {
        w[v] = q8_load(weights[v] + at);
        __asm__("" : "+x"(w[v])); /* loaded once */
    }
    Q8_UNROLL for (int c = 0; c < s.apart * s.beside; c++) {
        Q8_UNROLL for (int r = 0; r < s.rows; r++) {
            const __m256i four = q8_four_bytes(in + c * width + r * 4);
            Q8_UNROLL for (int v = 0; v < s.halves; v++) {
                __m256i *sum = &acc[c / s.beside + v][c % s.beside * s.rows + r];
                *sum = q8_dot(*sum, four, w[v]);
            }
            __asm__ volatile("" : "+r"(in)); /* before the next load, or registers run out */
        }
    }
}

/* Any bytes do for dot_bytes(), which leaves no rests. */
Q8_INLINE void dot_words(int rows, int halves, const uint8_t *from, ptrdiff_t row_stride, const int8_t *weights,
                         __m256i acc[TILE_HALVES][4]) {
    (void)rows, (void)halves, (void)from, (void)row_stride, (void)weights, (void)acc;
}

Q8_INLINE void dot_all_signed(int32_t together, int32_t quads, int rows, int halves, const uint8_t *in,
                              const int8_t *const *weights, ptrdiff_t stride, __m256i acc[TILE_HALVES][4]) {
    (void)together, (void)quads, (void)rows, (void)halves, (void)in, (void)weights, (void)stride, (void)acc;
}

Q8_INLINE void take_off_excess(int rows, int halves, const int32_t excess[4], __m256i acc[TILE_HALVES][4]) {
    (void)rows, (void)halves, (void)excess, (void)acc;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): AVX2 writes there */
Q8_INLINE void store_excess(const __m256i sums[2], int32_t products, int32_t more, int32_t to[4]) {
    (void)sums, (void)products, (void)more, (void)to;
}

Q8_INLINE void begin_columns(int halves, const mn_rests_q8 *rests, const __m256i bias[TILE_HALVES],
                             const int8_t *const *weights, ptrdiff_t stride) {
    (void)halves, (void)rests, (void)bias, (void)weights, (void)stride;
}

Q8_INLINE __m256i begun(const mn_rests_q8 *rests, int32_t x, int v, int row) {
    return (void)rests, (void)x, (void)v, (void)row, _mm256_setzero_si256();
}

/* Four rows of 8 channels, and four rows of a filter, as dot_cells() multiplies them. */
typedef __m256i cells;
typedef __m256i tap;

Q8_INLINE cells cells_of(__m256i bytes) { return bytes; }
Q8_INLINE tap tap_of(__m256i bytes) { return bytes; }
Q8_INLINE __m256i dot_cells(__m256i acc, cells x, tap w) { return q8_dot(acc, x, w); }

#endif

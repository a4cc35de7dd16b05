/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What fused 8-bit kernels multiply with AVX-VNNI: bytes as they are, four at a time. */
#ifndef MN_KERNELS_X86_PRODUCTS_AVXVNNI_H
#define MN_KERNELS_X86_PRODUCTS_AVXVNNI_H

#include "kernels/x86/q8_avxvnni.h"
#include "kernels/x86/spans_q8.h"

/* Groups of four products that are multiplied at a time; and vectors of 8 channels in a tile of four pixels: 12
 * accumulators, as many as hide what a dot product takes. */
enum { QUADS = 1, TILE_HALVES = 3 };

Q8_INLINE __m256i dot_bytes(__m256i acc, const __m256i x[QUADS], const __m256i w[QUADS]) {
    return q8_dot(acc, x[0], w[0]);
}

/* Bytes leave no rests. */
Q8_INLINE void dot_rests(int rows, int halves, const mn_rests_q8 *rests, int32_t x, const int8_t *const *weights,
                         ptrdiff_t stride, __m256i acc[][4]) {
    (void)rows, (void)halves, (void)rests, (void)x, (void)weights, (void)stride, (void)acc;
}

/* Four rows of 8 channels, and four rows of a filter, as dot_cells() multiplies them. */
typedef __m256i cells;
typedef __m256i tap;

Q8_INLINE cells cells_of(__m256i bytes) { return bytes; }
Q8_INLINE tap tap_of(__m256i bytes) { return bytes; }
Q8_INLINE __m256i dot_cells(__m256i acc, cells x, tap w) { return q8_dot(acc, x, w); }

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What fused 8-bit kernels multiply with AVX-VNNI: bytes as they are, four at a time. */
#ifndef MN_KERNELS_X86_PRODUCTS_AVXVNNI_H
#define MN_KERNELS_X86_PRODUCTS_AVXVNNI_H

#include "kernels/x86/q8_avxvnni.h"

typedef uint8_t activation;

/* Of a group of four products, a lane takes so many parts; bytes from the weights of 8 channels to the next; and
 * vectors of 8 channels in a tile of four pixels: 12 accumulators, as many as hide what a dot product takes. */
enum { PARTS = 1, PART = 4, HALF_BYTES = 32, TILE_HALVES = 3 };

/* Weights of vector `half` of 8 channels, behind `from`; part `part` of a group. */
Q8_INLINE __m256i load_weights(const int8_t *from, int half, int part) {
    (void)part;
    return q8_load(from + half * HALF_BYTES);
}

/* Four rows of 8 channels, and four rows of a filter, as dot_cells() multiplies them. */
typedef __m256i cells;
typedef __m256i tap;

Q8_INLINE cells cells_of(__m256i bytes) { return bytes; }
Q8_INLINE tap tap_of(__m256i bytes) { return bytes; }
Q8_INLINE __m256i dot_cells(__m256i acc, cells x, tap w) { return q8_dot(acc, x, w); }

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What fused 8-bit kernels multiply with AVX2: activations widened to 16 bits, two at a time. */
#ifndef MN_KERNELS_X86_PRODUCTS_AVX2_H
#define MN_KERNELS_X86_PRODUCTS_AVX2_H

#include "kernels/x86/q8_avx2.h"

typedef int16_t activation;

/* Of a group of four products, a lane takes so many parts; bytes from the weights of 8 channels to the next; and
 * vectors of 8 channels in a tile of four pixels. */
enum { PARTS = 2, PART = 2, HALF_BYTES = 16, TILE_HALVES = 2 };

/* Weights of vector `half` of 8 channels, behind `from`, as mn_interleave_pairs() leaves them; part `part` of a group.
 */
Q8_INLINE __m256i load_weights(const int8_t *from, int half, int part) {
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(from + (2 * part + half) * HALF_BYTES));
    return _mm256_cvtepi8_epi16(bytes);
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

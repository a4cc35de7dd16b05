/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Products of 8-bit values for AVX2, under the names that the *_q8_tile.h files use. VPMADDUBSW would add pairs of
 * products of bytes with saturation, and 2 * 255 * 127 exceeds 16 bits; VPMADDWD on values widened to 16 bits is exact
 * and, where multiplication is the bound, as fast (docs/performance.md). Widened weights also have room for the 9 bits
 * of uint8 less its zero point. */
#ifndef MN_KERNELS_X86_Q8_AVX2_H
#define MN_KERNELS_X86_Q8_AVX2_H

#define Q8_TARGET __attribute__((target("avx2,fma")))

#include "kernels/x86/q8_ymm.h"

/** Activations and weights as they are multiplied. */
typedef int16_t q8_activation;
typedef int16_t q8_weight;

/** Q8_GROUP: products that one lane of a dot product adds. Q8_ROW_SUMS: are weights packed with their zero point, so
 * that it must be taken off by the sums of the activations? */
enum { Q8_GROUP = 2, Q8_ROW_SUMS = 0 };

/** Activations keep their sign here, if they have one. */
static inline mn_q8_zeros q8_zeros(const mn_conv_params *p, mn_type type) {
    mn_q8_zeros zeros = mn_q8_zeros_of(p, type);
    zeros.in_flip = 0;
    zeros.in = p->in_zero;
    return zeros;
}

/** A stored weight as packed. */
static inline q8_weight q8_weight_of(uint8_t stored, const mn_q8_zeros *zeros) {
    return (q8_weight)((int8_t)(stored ^ zeros->weight_flip) - zeros->weight);
}

/** `count` stored activations as they are multiplied, in `to` or, where they need no change, in place. */
Q8_TARGET static inline const q8_activation *q8_prepare(const uint8_t *from, ptrdiff_t count, mn_type type,
                                                        q8_activation *to) {
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(from + i));
        __m256i words = type == MN_INT8 ? _mm256_cvtepi8_epi16(bytes) : _mm256_cvtepu8_epi16(bytes);
        _mm256_storeu_si256((__m256i *)(void *)(to + i), words);
    }
    for (; i < count; i++) to[i] = type == MN_INT8 ? (int8_t)from[i] : from[i];
    return to;
}

Q8_INLINE __m256i q8_dot(__m256i sums, __m256i activations, __m256i weights) {
    return _mm256_add_epi32(sums, _mm256_madd_epi16(activations, weights));
}

#endif

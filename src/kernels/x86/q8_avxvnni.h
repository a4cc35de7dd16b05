/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Products of 8-bit values for AVX-VNNI, under the names that the *_q8_tile.h files use. VPDPBUSD multiplies unsigned
 * activations by signed weights. With MN_AVX_VNNI_AS_EVEX the same instruction is taken in the encoding of AVX-512,
 * for tests on processors that have no other. */
#ifndef MN_KERNELS_X86_Q8_AVXVNNI_H
#define MN_KERNELS_X86_Q8_AVXVNNI_H

#ifdef MN_AVX_VNNI_AS_EVEX
#define Q8_TARGET __attribute__((target("avx2,fma,avx512vl,avx512vnni")))
#define Q8_DPBUSD _mm256_dpbusd_epi32
#else
#define Q8_TARGET __attribute__((target("avx2,fma,avxvnni")))
#define Q8_DPBUSD _mm256_dpbusd_avx_epi32
#endif

#include "kernels/x86/q8_ymm.h"

/** Activations and weights as they are multiplied. */
typedef uint8_t q8_activation;
typedef int8_t q8_weight;

/** Q8_GROUP: products that one lane of a dot product adds. Q8_ROW_SUMS: are weights packed with their zero point, so
 * that it must be taken off by the sums of the activations? */
enum { Q8_GROUP = 4, Q8_ROW_SUMS = 1 };

static inline mn_q8_zeros q8_zeros(const mn_conv_params *p, mn_type type) { return mn_q8_zeros_of(p, type); }

/** A stored weight as packed. */
static inline q8_weight q8_weight_of(uint8_t stored, const mn_q8_zeros *zeros) {
    return (q8_weight)(stored ^ zeros->weight_flip);
}

/** `count` stored activations as they are multiplied, in `to` or, where they need no change, in place. */
Q8_TARGET static inline const q8_activation *q8_prepare(const uint8_t *from, ptrdiff_t count, mn_type type,
                                                        q8_activation *to) {
    if (type == MN_UINT8) return from;
    ptrdiff_t i = 0;
    for (; i + 32 <= count; i += 32) {
        __m256i bytes = _mm256_xor_si256(q8_load(from + i), _mm256_set1_epi8((char)0x80));
        _mm256_storeu_si256((__m256i *)(void *)(to + i), bytes);
    }
    for (; i < count; i++) to[i] = from[i] ^ 0x80;
    return to;
}

Q8_INLINE __m256i q8_dot(__m256i sums, __m256i activations, __m256i weights) {
    return Q8_DPBUSD(sums, activations, weights);
}

#endif

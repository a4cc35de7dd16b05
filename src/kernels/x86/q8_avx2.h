/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 8-bit kernels for AVX2: the attribute of the tier, and what it shares with others of 256-bit vectors. */
#ifndef MN_KERNELS_X86_Q8_AVX2_H
#define MN_KERNELS_X86_Q8_AVX2_H

#define Q8_TARGET __attribute__((target("avx2,fma")))

#include "kernels/x86/q8_ymm.h"

/** 16 stored bytes as 16-bit integers, with their sign if the type has one. */
Q8_INLINE __m256i q8_widen(const void *from, mn_type type) {
    __m128i bytes = _mm_loadu_si128(from);
    return type == MN_INT8 ? _mm256_cvtepi8_epi16(bytes) : _mm256_cvtepu8_epi16(bytes);
}

/** 16 bytes, twice. */
Q8_INLINE __m256i q8_both_halves(const void *from) { return _mm256_broadcastsi128_si256(_mm_loadu_si128(from)); }

/** How kernels that widen activations see their tensors: as stored. */
static inline mn_q8_zeros q8_zeros_of(const mn_conv_params *p, mn_type type) {
    mn_q8_zeros zeros = mn_q8_zeros_of(p, type);
    zeros.in_flip = 0;
    zeros.in = p->in_zero;
    return zeros;
}

/** Adds to each of 8 accumulators two products of 16 bits. */
Q8_INLINE __m256i q8_dot(__m256i acc, __m256i activations, __m256i weights) {
    return _mm256_add_epi32(acc, _mm256_madd_epi16(activations, weights));
}

/** Stores the first `count` of 16 results in the order of q8_unpacked_order. */
Q8_INLINE void q8_store_block(const __m256i *results, mn_range_i32 range, uint8_t flip, int32_t count, uint8_t *out) {
    __m256i words = _mm256_packs_epi32(results[0], results[1]);
    __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(words, words), 0xd8);
    q8_store_part(out, _mm256_castsi256_si128(q8_finish(bytes, range, flip)), count);
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Sums of the lanes of 8 vectors. The including file defines Q8_INLINE, with the attribute of its tier. */
#ifndef MN_KERNELS_X86_LANES_YMM_H
#define MN_KERNELS_X86_LANES_YMM_H

#include <immintrin.h>

/* Adds each pair of lanes of a and b: [a01, a23 | b01, b23] in every 128 bits, whose order of pairs does not matter. */
Q8_INLINE __m256i mn_add_pairs(__m256i a, __m256i b) {
    return _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
}

Q8_INLINE __m256i mn_add_fours(__m256i a, __m256i b) {
    return _mm256_add_epi32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
}

/** The sum of each vector's lanes, in order. */
Q8_INLINE __m256i mn_add_lanes(const __m256i v[8]) {
    const __m256i low = mn_add_fours(mn_add_pairs(v[0], v[1]), mn_add_pairs(v[2], v[3]));
    const __m256i high = mn_add_fours(mn_add_pairs(v[4], v[5]), mn_add_pairs(v[6], v[7]));
    return _mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x20), _mm256_permute2x128_si256(low, high, 0x31));
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The search for floats with AVX2, two vectors for one. */
#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <stdint.h>

#define TARGET __attribute__((target("avx2,fma")))
#define INLINE TARGET __attribute__((always_inline)) static inline

typedef struct vector {
    __m256i low, high;
} vector;

INLINE __m256i load_8(const int32_t *from) { return _mm256_loadu_si256((const __m256i *)(const void *)from); }
INLINE vector load(const int32_t *from) { return (vector){load_8(from), load_8(from + 8)}; }

INLINE void store(int32_t *to, vector v) {
    _mm256_storeu_si256((__m256i *)(void *)to, v.low);
    _mm256_storeu_si256((__m256i *)(void *)(to + 8), v.high);
}

INLINE vector set_all(int32_t x) { return (vector){_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
INLINE vector add(vector a, vector b) {
    return (vector){_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
}
INLINE vector subtract(vector a, vector b) {
    return (vector){_mm256_sub_epi32(a.low, b.low), _mm256_sub_epi32(a.high, b.high)};
}
INLINE vector multiply(vector a, vector b) {
    return (vector){_mm256_mullo_epi32(a.low, b.low), _mm256_mullo_epi32(a.high, b.high)};
}
INLINE vector least(vector a, vector b) {
    return (vector){_mm256_min_epi32(a.low, b.low), _mm256_min_epi32(a.high, b.high)};
}
INLINE vector greatest(vector a, vector b) {
    return (vector){_mm256_max_epi32(a.low, b.low), _mm256_max_epi32(a.high, b.high)};
}
INLINE vector half(vector a) { return (vector){_mm256_srli_epi32(a.low, 1), _mm256_srli_epi32(a.high, 1)}; }
INLINE vector eight_times(vector a) { return (vector){_mm256_slli_epi32(a.low, 3), _mm256_slli_epi32(a.high, 3)}; }

TARGET static int32_t least_lane(vector a) {
    int32_t lanes[16], result = INT32_MAX;
    store(lanes, a);
    for (int i = 0; i < 16; i++) result = lanes[i] < result ? lanes[i] : result;
    return result;
}

TARGET static int32_t greatest_lane(vector a) {
    int32_t lanes[16], result = INT32_MIN;
    store(lanes, a);
    for (int i = 0; i < 16; i++) result = lanes[i] > result ? lanes[i] : result;
    return result;
}

INLINE vector with_tag(vector tag, vector number, vector value) {
    return (vector){
        _mm256_or_si256(_mm256_and_si256(tag.low, number.low), _mm256_andnot_si256(tag.low, value.low)),
        _mm256_or_si256(_mm256_and_si256(tag.high, number.high), _mm256_andnot_si256(tag.high, value.high))};
}

INLINE __m256i within_8(__m256i from, __m256i at, __m256i to, __m256i value, __m256i other) {
    const __m256i outside = _mm256_or_si256(_mm256_cmpgt_epi32(from, at), _mm256_cmpgt_epi32(at, to));
    return _mm256_blendv_epi8(value, other, outside);
}

INLINE vector within(vector from, vector at, vector to, vector value, vector other) {
    return (vector){within_8(from.low, at.low, to.low, value.low, other.low),
                    within_8(from.high, at.high, to.high, value.high, other.high)};
}

#include "kernels/x86/requant_search_tile.h"

void mn_requant_search(const channels *c, int32_t solved, solution best[LANES]) { search(c, solved, best); }

#endif

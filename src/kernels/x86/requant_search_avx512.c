/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The search for floats with AVX-512. */
#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <stdint.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma")))
#define INLINE TARGET __attribute__((always_inline)) static inline

typedef __m512i vector;

INLINE vector load(const int32_t *from) { return _mm512_loadu_si512(from); }
INLINE void store(int32_t *to, vector v) { _mm512_storeu_si512(to, v); }
INLINE vector set_all(int32_t x) { return _mm512_set1_epi32(x); }
INLINE vector add(vector a, vector b) { return _mm512_add_epi32(a, b); }
INLINE vector subtract(vector a, vector b) { return _mm512_sub_epi32(a, b); }
INLINE vector multiply(vector a, vector b) { return _mm512_mullo_epi32(a, b); }
INLINE vector least(vector a, vector b) { return _mm512_min_epi32(a, b); }
INLINE vector greatest(vector a, vector b) { return _mm512_max_epi32(a, b); }
INLINE vector half(vector a) { return _mm512_srli_epi32(a, 1); }
INLINE vector eight_times(vector a) { return _mm512_slli_epi32(a, 3); }
INLINE int32_t least_lane(vector a) { return _mm512_reduce_min_epi32(a); }
INLINE int32_t greatest_lane(vector a) { return _mm512_reduce_max_epi32(a); }

INLINE vector with_tag(vector tag, vector number, vector value) {
    return _mm512_ternarylogic_epi32(tag, number, value, 0xca);
}

INLINE vector within(vector from, vector at, vector to, vector value, vector other) {
    return _mm512_mask_mov_epi32(other, _mm512_cmple_epi32_mask(from, at) & _mm512_cmpge_epi32_mask(to, at), value);
}

#include "kernels/x86/requant_search_tile.h"

void mn_requant_search_wide(const channels *c, int32_t solved, solution best[LANES]) { search(c, solved, best); }

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 8-bit kernels for AVX-VNNI: the attribute of the tier, and its dot product. For tests on
 * processors without it, MN_AVX_VNNI_AS_EVEX takes the same instruction in the encoding of AVX-512, and
 * MN_AVX_VNNI_AS_AVX2 others that add up to it. */
#ifndef MN_KERNELS_X86_Q8_AVXVNNI_H
#define MN_KERNELS_X86_Q8_AVXVNNI_H

#ifdef MN_AVX_VNNI_AS_EVEX
#define Q8_TARGET __attribute__((target("avx2,fma,avx512vl,avx512vnni")))
#define Q8_DPBUSD _mm256_dpbusd_epi32
#elif defined(MN_AVX_VNNI_AS_AVX2)
#define Q8_TARGET __attribute__((target("avx2,fma")))
#define Q8_DPBUSD q8_dpbusd
#else
#define Q8_TARGET __attribute__((target("avx2,fma,avxvnni")))
#define Q8_DPBUSD _mm256_dpbusd_avx_epi32
#endif

#include "kernels/x86/q8_ymm.h"

#ifdef MN_AVX_VNNI_AS_AVX2
Q8_INLINE __m256i q8_dpbusd(__m256i acc, __m256i a, __m256i b) {
    const __m256i even = _mm256_srai_epi16(_mm256_slli_epi16(b, 8), 8), odd = _mm256_srai_epi16(b, 8);
    acc = _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_and_si256(a, _mm256_set1_epi16(0xff)), even));
    return _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_srli_epi16(a, 8), odd));
}
#endif

static inline mn_q8_zeros q8_zeros_of(const mn_conv_params *p, mn_type type) { return mn_q8_zeros_of(p, type); }

/** Adds to each of 8 accumulators four products of unsigned and signed bytes. */
Q8_INLINE __m256i q8_dot(__m256i acc, __m256i activations, __m256i weights) {
    return Q8_DPBUSD(acc, activations, weights);
}

#endif

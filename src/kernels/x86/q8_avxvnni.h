/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 8-bit kernels for AVX-VNNI: the attribute of the tier, and its dot product. With MN_AVX_VNNI_AS_EVEX the same
 * instruction is taken in the encoding of AVX-512, for tests on processors that have no other. */
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

static inline mn_q8_zeros q8_zeros_of(const mn_conv_params *p, mn_type type) { return mn_q8_zeros_of(p, type); }

/** Adds to each of 8 accumulators four products of unsigned and signed bytes. */
Q8_INLINE __m256i q8_dot(__m256i acc, __m256i activations, __m256i weights) {
    return Q8_DPBUSD(acc, activations, weights);
}

#endif

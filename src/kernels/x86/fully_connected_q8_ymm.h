/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Outputs of 8-bit fully connected layers, from sums to stored bytes. The including file defines Q8_INLINE, with the
 * attribute of its tier. */
#ifndef MN_KERNELS_X86_FULLY_CONNECTED_Q8_YMM_H
#define MN_KERNELS_X86_FULLY_CONNECTED_Q8_YMM_H

#include "base/checked.h"
#include "kernels/params.h"
#include "kernels/x86/lanes_ymm.h"

/* Outputs computed together. */
enum { CHANNELS = 8 };

/* round(acc * scale) + zero, halves away from zero, clamped. Adding 1/2 first would round some values below it up. */
Q8_INLINE __m128i rescale(const mn_fully_connected_params *p, __m128i acc, const double *scale) {
    const __m256d sign = _mm256_set1_pd(-0.0), half = _mm256_set1_pd(0.5), one = _mm256_set1_pd(1.0);
    const __m256d x = _mm256_mul_pd(_mm256_cvtepi32_pd(acc), _mm256_loadu_pd(scale));
    const __m256d whole = _mm256_round_pd(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    const __m256d rest = _mm256_andnot_pd(sign, _mm256_sub_pd(x, whole));
    const __m256d away = _mm256_or_pd(_mm256_and_pd(sign, x), one);
    const __m256d up = _mm256_and_pd(_mm256_cmp_pd(rest, half, _CMP_GE_OQ), away);
    const __m256d stored = _mm256_add_pd(_mm256_add_pd(whole, up), _mm256_set1_pd(p->out_zero));
    const __m256d low = _mm256_set1_pd(p->range.min), high = _mm256_set1_pd(p->range.max);
    return _mm256_cvtpd_epi32(_mm256_min_pd(_mm256_max_pd(stored, low), high));
}

/* `count` outputs from `channel` on; `bias` is that of channel 0, or NULL. */
Q8_INLINE void store_outputs(const mn_fully_connected_params *p, const int32_t *bias, __m256i sums, int32_t channel,
                             int32_t count, uint8_t *out) {
    int32_t part[CHANNELS];
    double scale[CHANNELS];
    for (int32_t i = 0; i < CHANNELS; i++) {
        const int32_t c = channel + mn_min_i32(i, count - 1);
        part[i] = bias ? bias[c] : 0;
        scale[i] = p->scale[c];
    }
    sums = _mm256_add_epi32(sums, _mm256_loadu_si256((const __m256i *)(const void *)part));
    _mm_storeu_si128((__m128i *)(void *)part, rescale(p, _mm256_castsi256_si128(sums), scale));
    _mm_storeu_si128((__m128i *)(void *)(part + 4), rescale(p, _mm256_extracti128_si256(sums, 1), scale + 4));
    for (int32_t i = 0; i < count; i++) out[channel + i] = (uint8_t)part[i];
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/x86/spans_q8.h"

#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2")))
#define INLINE __attribute__((target("avx2"), always_inline)) static inline

enum { BYTES = 32, PAIRS = 2, WIDEST = 255 };

INLINE __m256i load(const int8_t *from) { return _mm256_loadu_si256((const __m256i *)(const void *)from); }

void mn_spans_q8_start(const mn_spans_q8 *spans, int32_t quads) {
    memset(spans->low, 0, mn_spans_q8_products(quads));
    memset(spans->width, WIDEST, mn_spans_q8_products(quads));
}

/* The greatest of 8 lanes, for each of the two pairs that a lane has. */
INLINE void greatest(__m256i v, int32_t out[PAIRS]) {
    __m128i four = _mm_max_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    four = _mm_max_epi16(four, _mm_shuffle_epi32(four, 0x4e));
    four = _mm_max_epi16(four, _mm_shuffle_epi32(four, 0xb1));
    const uint32_t both = (uint32_t)_mm_cvtsi128_si32(four);
    out[0] = (int32_t)(both & 0xffff);
    out[1] = (int32_t)(both >> 16);
}

/* The greatest sums, over the channels, of the weights of one sign in each pair of group `quad`. */
TARGET static void sums_of(const mn_weights_q8 *w, int32_t quad, int32_t out[PAIRS]) {
    const __m256i none = _mm256_setzero_si256(), ones = _mm256_set1_epi8(1);
    __m256i most = none;
    for (int32_t channel = 0; channel < w->channels; channel += BYTES / 4) {
        const __m256i v = load(w->from + (size_t)quad * w->stride + (ptrdiff_t)channel * 4);
        const __m256i positive = _mm256_maddubs_epi16(ones, _mm256_max_epi8(v, none));
        const __m256i negative = _mm256_maddubs_epi16(ones, _mm256_min_epi8(v, none));
        most = _mm256_max_epi16(most, _mm256_max_epi16(positive, _mm256_sub_epi16(none, negative)));
    }
    greatest(most, out);
}

void mn_spans_q8_narrow(const mn_spans_q8 *spans, const mn_weights_q8 *weights) {
    for (int32_t quad = 0; quad < weights->quads; quad++) {
        int32_t sums[PAIRS];
        sums_of(weights, quad, sums);
        for (int32_t i = 0; i < 4; i++) {
            uint8_t *width = &spans->width[quad * 4 + i];
            if (*width * sums[i / 2] > INT16_MAX) *width = (uint8_t)(INT16_MAX / sums[i / 2]);
        }
    }
}

void mn_spans_q8_centre(const mn_spans_q8 *spans, int32_t quads, int32_t zero) {
    for (int32_t i = 0; i < quads * 4; i++) {
        const int32_t width = spans->width[i], low = zero - width / 2, highest = WIDEST - width;
        spans->low[i] = (uint8_t)(low < 0 ? 0 : low > highest ? highest : low);
    }
}

TARGET void mn_spans_q8_fold(const mn_spans_q8 *spans, const mn_weights_q8 *w, int32_t *folded_bias) {
    const __m256i bytes = _mm256_set1_epi16(0xff);
    for (int32_t channel = 0; channel < w->channels; channel += BYTES / 4) {
        __m256i *to = (__m256i *)(void *)(folded_bias + channel), sum = _mm256_loadu_si256(to);
        for (int32_t quad = 0; quad < w->quads; quad++) {
            int32_t four;
            memcpy(&four, spans->low + quad * 4, sizeof four);
            const __m256i low = _mm256_set1_epi32(four);
            const __m256i v = load(w->from + (size_t)quad * w->stride + (ptrdiff_t)channel * 4);
            const __m256i even = _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8), odd = _mm256_srai_epi16(v, 8);
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_and_si256(low, bytes), even));
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_srli_epi16(low, 8), odd));
        }
        _mm256_storeu_si256(to, sum);
    }
}

#endif

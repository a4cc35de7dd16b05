/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "image/passes.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))

/* Eight bytes times eight weights. */
TARGET static inline __m256i products(const uint8_t *bytes, __m256i weights) {
    __m256i wide = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)bytes));
    return _mm256_mullo_epi32(wide, weights);
}

TARGET static inline __m256i load(const int32_t *at) { return _mm256_loadu_si256((const __m256i *)(const void *)at); }

TARGET static inline void store(int32_t *at, __m256i value) { _mm256_storeu_si256((__m256i *)(void *)at, value); }

/* Eight pixels are 24 bytes, which stay in line with their weights: three vectors of sums, whose elements belong to one
 * colour after the other. What is left over goes on from there, pixel by pixel. */
TARGET static void across(const mn_span *spans, const int32_t *weights, size_t stride, const uint8_t *from,
                          int32_t width, uint8_t *to) {
    enum { PIXELS = 8, BYTES = 24 };
    for (int32_t x = 0; x < width; x++, weights += stride, to += 3) {
        const uint8_t *bytes = from + 3 * (size_t)spans[x].first;
        const int32_t *weight = weights, *end = weights + 3 * (size_t)spans[x].count;
        int32_t sums[BYTES];
        if (spans[x].count < PIXELS) {
            mn_passes_pixel(bytes, spans[x].count, weights, to);
            continue;
        }
        __m256i a = _mm256_setzero_si256(), b = a, c = a;
        for (; end - weight >= BYTES; bytes += BYTES, weight += BYTES) {
            a = _mm256_add_epi32(a, products(bytes, load(weight)));
            b = _mm256_add_epi32(b, products(bytes + 8, load(weight + 8)));
            c = _mm256_add_epi32(c, products(bytes + 16, load(weight + 16)));
        }
        store(sums, a);
        store(sums + 8, b);
        store(sums + 16, c);
        int32_t red = MN_WEIGHT_HALF, green = MN_WEIGHT_HALF, blue = MN_WEIGHT_HALF;
        for (int k = 0; k < BYTES; k += 3) red += sums[k], green += sums[k + 1], blue += sums[k + 2];
        for (; weight < end; weight += 3, bytes += 3)
            red += bytes[0] * weight[0], green += bytes[1] * weight[1], blue += bytes[2] * weight[2];
        mn_passes_take((const int32_t[]){red, green, blue}, 3, to);
    }
}

TARGET static void add(int32_t *sums, const uint8_t *row, int32_t weight, size_t count) {
    const __m256i weights = _mm256_set1_epi32(weight);
    size_t i = 0;
    for (; i + 8 <= count; i += 8) store(sums + i, _mm256_add_epi32(load(sums + i), products(row + i, weights)));
    for (; i < count; i++) sums[i] += row[i] * weight;
}

const mn_passes mn_passes_avx2 = {across, add, mn_passes_take};

#endif

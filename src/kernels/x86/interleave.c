/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/x86/interleave.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#include "base/checked.h"

#define INLINE __attribute__((target("avx2"), always_inline)) static inline
#define TARGET __attribute__((target("avx2")))
#define UNROLL _Pragma("GCC unroll 8")

/* Rows of weights are short and follow each other, so the processor does not see what is read next; this many bytes
 * further on it is asked for. */
enum { AHEAD = 16 * 1024 };

/* A square of 8 rows x 8 groups of four bytes is one register each way. */
enum { SIDE = 8, GROUP = 4, BYTES = SIDE * GROUP };

INLINE void transpose(__m256i v[SIDE]) {
    __m256i pairs[SIDE], fours[SIDE];
    UNROLL for (int i = 0; i < SIDE; i += 2) {
        pairs[i] = _mm256_unpacklo_epi32(v[i], v[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_epi32(v[i], v[i + 1]);
    }
    UNROLL for (int i = 0; i < SIDE; i += 4) {
        fours[i] = _mm256_unpacklo_epi64(pairs[i], pairs[i + 2]);
        fours[i + 1] = _mm256_unpackhi_epi64(pairs[i], pairs[i + 2]);
        fours[i + 2] = _mm256_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
        fours[i + 3] = _mm256_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
    UNROLL for (int i = 0; i < SIDE / 2; i++) {
        v[i] = _mm256_permute2x128_si256(fours[i], fours[i + 4], 0x20);
        v[i + 4] = _mm256_permute2x128_si256(fours[i], fours[i + 4], 0x31);
    }
}

/* The first `groups` groups of a square whose rows are `v`; returns `sums` plus the rows' sums. */
INLINE __m256i write_square(__m256i v[SIDE], int32_t groups, size_t stride, int8_t *to, __m256i sums) {
    const __m256i bytes = _mm256_set1_epi8(1), words = _mm256_set1_epi16(1);
    transpose(v);
    UNROLL for (int32_t g = 0; g < SIDE; g++) {
        if (g == groups) break;
        __m256i four = _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, v[g]), words);
        sums = _mm256_add_epi32(sums, four);
        _mm256_storeu_si256((__m256i *)(void *)(to + (size_t)g * stride), v[g]);
    }
    return sums;
}

/* The last `left` bytes of 8 rows, from byte `at` on; zeros fill them up. */
INLINE void load_rest(const uint8_t *const *rows, int32_t at, int32_t left, __m256i flips, __m256i v[SIDE]) {
    uint8_t mask[BYTES] = {0};
    memset(mask, 0xff, (size_t)left);
    const __m256i present = _mm256_loadu_si256((const __m256i *)(const void *)mask);
    UNROLL for (int r = 0; r < SIDE; r++) {
        if (left % GROUP == 0) {
            v[r] = _mm256_maskload_epi32((const int *)(const void *)(rows[r] + at), present);
        } else {
            uint8_t rest[BYTES] = {0};
            memcpy(rest, rows[r] + at, (size_t)left);
            v[r] = _mm256_loadu_si256((const __m256i *)(const void *)rest);
        }
        v[r] = _mm256_and_si256(_mm256_xor_si256(v[r], flips), present);
    }
}

TARGET static void interleave_8(const uint8_t *const *rows, int32_t count, uint8_t flip, size_t stride, int8_t *to,
                                int32_t *sums) {
    const __m256i flips = _mm256_set1_epi8((char)flip);
    __m256i sum = _mm256_loadu_si256((const __m256i *)(const void *)sums), v[SIDE];
    int32_t i = 0;
    for (; i + BYTES <= count; i += BYTES, to += SIDE * stride) {
        UNROLL for (int r = 0; r < SIDE; r++) {
            _mm_prefetch((const char *)((uintptr_t)(rows[r] + i) + AHEAD), _MM_HINT_T0);
            v[r] = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(const void *)(rows[r] + i)), flips);
        }
        sum = write_square(v, SIDE, stride, to, sum);
    }
    if (i < count) {
        const int32_t left = count - i;
        load_rest(rows, i, left, flips, v);
        sum = write_square(v, (left + GROUP - 1) / GROUP, stride, to, sum);
    }
    _mm256_storeu_si256((__m256i *)(void *)sums, sum);
}

TARGET static void interleave_floats_8(const float *const *rows, int32_t count, float *to) {
    int32_t i = 0;
    for (; i + SIDE <= count; i += SIDE, to += SIDE * MN_INTERLEAVE_ROWS) {
        __m256i v[SIDE];
        UNROLL for (int r = 0; r < SIDE; r++) v[r] = _mm256_loadu_si256((const __m256i *)(const void *)(rows[r] + i));
        transpose(v);
        UNROLL for (int g = 0; g < SIDE; g++) {
            _mm256_storeu_si256((__m256i *)(void *)(to + g * MN_INTERLEAVE_ROWS), v[g]);
        }
    }
    for (; i < count; i++, to += MN_INTERLEAVE_ROWS) {
        for (int32_t r = 0; r < SIDE; r++) to[r] = rows[r][i];
    }
}

void mn_interleave_floats(const float *const rows[MN_INTERLEAVE_ROWS], int32_t count, float *to) {
    for (int32_t r = 0; r < MN_INTERLEAVE_ROWS; r += SIDE) interleave_floats_8(rows + r, count, to + r);
}

void mn_interleave(const uint8_t *const rows[MN_INTERLEAVE_ROWS], int32_t count, uint8_t flip, size_t stride,
                   int8_t *to, int32_t sums[MN_INTERLEAVE_ROWS]) {
    for (int32_t r = 0; r < MN_INTERLEAVE_ROWS; r += SIDE) {
        interleave_8(rows + r, count, flip, stride, to + (ptrdiff_t)r * GROUP, sums + r);
    }
}

TARGET void mn_interleave_pairs(int8_t *vectors, size_t count) {
    const __m256i order =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15));
    __m256i *v = (__m256i *)(void *)vectors;
    for (size_t i = 0; i < count; i++, v += 2) {
        /* [2 pairs][4 channels] in each 128 bits, then [2 pairs][8 channels] */
        const __m256i low = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(_mm256_loadu_si256(v), order), 0xd8);
        const __m256i high = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(_mm256_loadu_si256(v + 1), order), 0xd8);
        _mm256_storeu_si256(v, _mm256_permute2x128_si256(low, high, 0x20));
        _mm256_storeu_si256(v + 1, _mm256_permute2x128_si256(low, high, 0x31));
    }
}

#endif

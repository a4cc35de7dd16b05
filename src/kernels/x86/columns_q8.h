/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 8-bit convolution weights in columns of 16 output channels, and tiles of sums over them, for AVX-512 VNNI. */
#ifndef MN_KERNELS_X86_COLUMNS_Q8_H
#define MN_KERNELS_X86_COLUMNS_Q8_H

#include <string.h>

#include "base/checked.h"
#include "kernels/x86/q8_avx512.h"

/** Largest tiles: pixels of up to MN_COLUMN_TILE columns; columns of a single pixel, as many streams of weights as keep
 * memory busy. */
enum { MN_COLUMN_ROWS = 8, MN_COLUMN_TILE = 3, MN_COLUMN_STREAMS = 8, MN_COLUMN_LANES = MN_REQUANT_LANES };

/** 16 output channels: what sums start from, how they end, then depth / 4 groups of [16 channels][4 products]. */
typedef struct mn_column {
    int32_t start[MN_COLUMN_LANES];
    mn_requant requant;
    _Alignas(64) int8_t weights[]; /* loads across cache lines take twice as long */
} mn_column;

static inline int32_t mn_column_count(int32_t channels) { return (channels + MN_COLUMN_LANES - 1) / MN_COLUMN_LANES; }

/** `depth` is a multiple of 4. */
static inline size_t mn_column_bytes(int32_t depth) {
    return mn_round_up(sizeof(mn_column) + (size_t)depth * MN_COLUMN_LANES, 64);
}

/** The columns of a convolution of `depth` products, rounded up to a multiple of 4; `packed` is aligned to 64. */
void mn_pack_columns(const mn_q8_source *source, int32_t depth, void *packed);

/** Unsigned bytes of `count` pixels, `depth` each, added up. */
void mn_sum_pixels(const uint8_t *pixels, int32_t depth, int32_t count, int32_t *sums);

/** Columns next to each other, `stride` bytes apart. */
static inline const mn_column *mn_column_at(const void *columns, size_t stride, int32_t index) {
    return (const mn_column *)(const void *)((const char *)columns + (size_t)index * stride);
}

/** A tile of sums. */
typedef struct mn_column_tile {
    __m512i sums[MN_COLUMN_STREAMS][MN_COLUMN_ROWS];
} mn_column_tile;

Q8_INLINE __m512i mn_four_bytes(const uint8_t *p) {
    int32_t word;
    memcpy(&word, p, sizeof word);
    return _mm512_set1_epi32(word);
}

/** Sums of `rows` pixels from `in` on and of `columns` columns from `first` on. Constant `rows` and `columns` let the
 *  compiler keep them in registers. */
Q8_INLINE void mn_column_multiply(int rows, int columns, const mn_column *first, size_t stride, const uint8_t *in,
                                  int32_t depth, mn_column_tile *out) {
    const int8_t *weights[MN_COLUMN_STREAMS];
    __m512i sums[MN_COLUMN_STREAMS][MN_COLUMN_ROWS];
    Q8_UNROLL for (int i = 0; i < columns; i++) {
        const mn_column *c = mn_column_at(first, stride, i);
        weights[i] = c->weights;
        Q8_UNROLL for (int r = 0; r < rows; r++) sums[i][r] = _mm512_loadu_si512(c->start);
    }
    for (int32_t k = 0; k < depth; k += 4) {
        __m512i w[MN_COLUMN_STREAMS];
        Q8_UNROLL for (int i = 0; i < columns; i++) w[i] = _mm512_loadu_si512(weights[i] + k * MN_COLUMN_LANES);
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            const __m512i x = mn_four_bytes(in + (ptrdiff_t)r * depth + k);
            Q8_UNROLL for (int i = 0; i < columns; i++) sums[i][r] = _mm512_dpbusd_epi32(sums[i][r], x, w[i]);
        }
    }
    Q8_UNROLL for (int i = 0; i < columns; i++) {
        Q8_UNROLL for (int r = 0; r < rows; r++) out->sums[i][r] = sums[i][r];
    }
}

/** Sums of 0 for the pixels that four at a time have and `rows` have not. */
Q8_INLINE void mn_column_fill_up(int rows, int columns, mn_column_tile *t) {
    Q8_UNROLL for (int i = 0; i < columns; i++) {
        Q8_UNROLL for (int r = rows; r % 4 != 0; r++) t->sums[i][r] = _mm512_setzero_si512();
    }
}

#endif

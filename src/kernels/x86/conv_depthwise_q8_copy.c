/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The input of the fused convolution and depthwise convolution: rows as unsigned bytes with their
 * padding, or, for filters larger than a pixel, what lies under the filter side by side, so that three rows of nine
 * bytes are 28 products and not 36. */
#include "kernels/x86/conv_depthwise_q8.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#include "base/checked.h"

#define TARGET __attribute__((target("avx2")))
#define INLINE TARGET __attribute__((always_inline)) static inline
#define UNROLL _Pragma("GCC unroll 4")

enum { BYTES = 32 };

INLINE __m256i load(const uint8_t *from) { return _mm256_loadu_si256((const __m256i *)(const void *)from); }
INLINE void store(uint8_t *to, __m256i v) { _mm256_storeu_si256((__m256i *)(void *)to, v); }

TARGET void mn_conv_depthwise_q8_fill(uint8_t *to, size_t bytes, int32_t value) {
    const __m256i v = _mm256_set1_epi8((char)value);
    size_t i = 0;
    for (; i + BYTES <= bytes; i += BYTES) store(to + i, v);
    if (i < bytes) memset(to + i, value, bytes - i);
}

/* Row `y` of the image, or of the padding around it. A model's input is often far away: rows of the next group are
 * asked for where their time comes late. */
TARGET static void copy_row(const band *b, int32_t y, uint8_t *to) {
    const mn_window *w = &b->p->conv.window;
    const size_t left = (size_t)w->pad_left * (size_t)w->in_c, bytes = (size_t)w->in_w * (size_t)w->in_c;
    if (y < 0 || y >= w->in_h) {
        mn_conv_depthwise_q8_fill(to, b->l.row_pitch, b->conv.in);
        return;
    }
    const uint8_t *row = b->image + (size_t)y * bytes;
    const size_t ahead = (size_t)(GROUP * w->stride_h) * bytes;
    const __m256i flip = _mm256_set1_epi8((char)b->conv.in_flip);
    mn_conv_depthwise_q8_fill(to, left, b->conv.in);
    size_t i = 0;
    for (; i + BYTES <= bytes; i += BYTES) {
        if (b->l.late) __builtin_prefetch(row + i + ahead, 0, 2);
        store(to + left + i, _mm256_xor_si256(load(row + i), flip));
    }
    for (; i < bytes; i++) to[left + i] = row[i] ^ b->conv.in_flip;
    mn_conv_depthwise_q8_fill(to + left + bytes, b->l.row_pitch - left - bytes, b->conv.in);
}

TARGET static int32_t sum_bytes(const uint8_t *from, int32_t count) {
    const __m256i none = _mm256_setzero_si256();
    __m256i sums = none;
    int32_t i = 0;
    for (; i + BYTES <= count; i += BYTES) sums = _mm256_add_epi64(sums, _mm256_sad_epu8(load(from + i), none));
    const __m128i halves = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    int32_t sum = _mm_cvtsi128_si32(_mm_add_epi64(halves, _mm_unpackhi_epi64(halves, halves)));
    for (; i < count; i++) sum += from[i];
    return sum;
}

static void sum_inputs(const band *b) {
    const mn_window *w = &b->p->conv.window;
    int32_t *sum = b->sums;
    for (int32_t row = 0; row < b->last_copied - b->first_copied; row++) {
        const uint8_t *from = b->copy + (size_t)row * b->l.conv_stride;
        for (int32_t x = 0; x < w->out_w; x++, from += b->l.pixel_stride) {
            *sum++ = sum_bytes(from, w->k_h * w->k_w * w->in_c);
        }
    }
}

enum { PIXEL = GATHERED_PIXEL };

static bool pairs_fit(const mn_window *w) {
    return w->k_h <= PAIR_ROWS && w->k_h * w->k_w * w->in_c <= PIXEL && (w->stride_w + w->k_w) * w->in_c <= 16;
}

static pair pair_of(const mn_window *w) {
    const int32_t line = w->k_w * w->in_c;
    pair p;
    memset(&p, 0x80, sizeof p); /* zeros */
    for (int32_t y = 0; y < w->k_h; y++) {
        for (int32_t i = 0; i < line; i++) {
            p.order[y][y * line + i] = (uint8_t)i;
            p.order[y][PIXEL + y * line + i] = (uint8_t)(w->stride_w * w->in_c + i);
        }
    }
    return p;
}

/* Gathers what lies under the filter, whose rows are `from`, for the pixels of a conv row. What the last pair has too
 * much is slack. */
TARGET static void gather_pairs(const mn_window *w, const pair *p, const uint8_t *const from[PAIR_ROWS], uint8_t *to) {
    __m256i order[PAIR_ROWS][2];
    for (int32_t y = 0; y < PAIR_ROWS; y++) {
        for (int32_t i = 0; i < 2; i++) order[y][i] = load(p->order[y] + i * PIXEL);
    }
    const ptrdiff_t stride = (ptrdiff_t)w->stride_w * w->in_c;
    for (int32_t x = 0; x < w->out_w; x += 2, to += 2 * PIXEL) {
        __m256i both[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        UNROLL for (int32_t y = 0; y < PAIR_ROWS; y++) {
            const __m256i line =
                _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)(from[y] + x * stride)));
            UNROLL for (int32_t i = 0; i < 2; i++) {
                both[i] = _mm256_or_si256(both[i], _mm256_shuffle_epi8(line, order[y][i]));
            }
        }
        store(to, both[0]);
        store(to + PIXEL, both[1]);
    }
}

/* `row` is the band's. */
static void gather(const band *b, int32_t row, uint8_t *to) {
    const mn_window *w = &b->p->conv.window;
    const uint8_t *from[PAIR_ROWS];
    if (b->in_pairs) {
        for (int32_t y = 0; y < PAIR_ROWS; y++) {
            from[y] = b->rows + (size_t)((row * w->stride_h + mn_min_i32(y, w->k_h - 1)) % w->k_h) * b->l.row_pitch;
        }
        gather_pairs(w, &b->pairs, from, to);
        return;
    }
    const size_t line = (size_t)w->k_w * (size_t)w->in_c;
    for (int32_t x = 0; x < w->out_w; x++, to += b->l.pixel_stride) {
        for (int32_t y = 0; y < w->k_h; y++) {
            const uint8_t *in = b->rows + (size_t)((row * w->stride_h + y) % w->k_h) * b->l.row_pitch;
            memcpy(to + (size_t)y * line, in + (ptrdiff_t)x * w->stride_w * w->in_c, line);
        }
    }
}

static void copy_gathered(band *b, int32_t top) {
    const mn_window *w = &b->p->conv.window;
    uint8_t *to = b->copy;
    for (int32_t row = b->first_copied - b->first_row; row < b->last_copied - b->first_row; row++) {
        int32_t y = mn_max_i32(b->passed, row * w->stride_h);
        for (; y < row * w->stride_h + w->k_h; y++) {
            copy_row(b, top + y, b->rows + (size_t)(y % w->k_h) * b->l.row_pitch);
        }
        b->passed = y;
        gather(b, row, to);
        to += b->l.conv_stride;
    }
}

void mn_conv_depthwise_q8_start(band *b) {
    const mn_window *w = &b->p->conv.window;
    b->passed = 0;
    b->in_pairs = b->l.gathers && pairs_fit(w);
    if (b->in_pairs) b->pairs = pair_of(w);
}

void mn_conv_depthwise_q8_copy(band *b) {
    const mn_window *w = &b->p->conv.window;
    if (b->l.gathers) {
        copy_gathered(b, b->first_row * w->stride_h - w->pad_top);
    } else {
        uint8_t *to = b->copy;
        for (int32_t row = b->first_copied; row < b->last_copied; row++, to += b->l.conv_stride) {
            copy_row(b, row * w->stride_h - w->pad_top, to);
        }
    }
    if (b->conv.weight) sum_inputs(b);
}

#endif

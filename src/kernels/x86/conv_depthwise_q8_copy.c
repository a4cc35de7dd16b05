/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The input of the fused convolution and depthwise convolution for AVX-512 VNNI: rows as unsigned bytes with their
 * padding, or, for filters larger than a pixel, what lies under the filter side by side, so that three rows of nine
 * bytes are 28 products and not 36. */
#include "kernels/x86/conv_depthwise_q8.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#include "base/checked.h"
#include "kernels/x86/q8_avx512.h"

Q8_TARGET void mn_conv_depthwise_q8_fill(uint8_t *to, size_t bytes, int32_t value) {
    const __m512i v = _mm512_set1_epi8((char)value);
    size_t i = 0;
    for (; i + 64 <= bytes; i += 64) _mm512_storeu_si512(to + i, v);
    if (i < bytes) _mm512_mask_storeu_epi8(to + i, mn_q8_bytes(bytes - i), v);
}

/* Row `y` of the image at `in`, or of the padding around it. */
Q8_TARGET static void copy_row(const band *b, const uint8_t *in, int32_t y, uint8_t *to) {
    const mn_window *w = &b->p->conv.window;
    const size_t left = (size_t)w->pad_left * (size_t)w->in_c, bytes = (size_t)w->in_w * (size_t)w->in_c;
    if (y < 0 || y >= w->in_h) {
        mn_conv_depthwise_q8_fill(to, b->l.row_pitch, b->conv.in);
        return;
    }
    const uint8_t *row = in + (size_t)y * bytes;
    const __m512i flip = _mm512_set1_epi8((char)b->conv.in_flip);
    mn_conv_depthwise_q8_fill(to, left, b->conv.in);
    size_t i = 0;
    for (; i + 64 <= bytes; i += 64) {
        _mm512_storeu_si512(to + left + i, _mm512_xor_si512(_mm512_loadu_si512(row + i), flip));
    }
    const __m512i rest = _mm512_maskz_loadu_epi8(mn_q8_bytes(bytes - i), row + i);
    _mm512_storeu_si512(to + left + i, _mm512_xor_si512(rest, flip)); /* reaches into the slack at most */
    mn_conv_depthwise_q8_fill(to + left + bytes, b->l.row_pitch - left - bytes, b->conv.in);
}

Q8_TARGET static int32_t sum_bytes(const uint8_t *from, int32_t count) {
    __m512i sums = _mm512_setzero_si512();
    for (int32_t i = 0; i < count; i += 64) {
        const __m512i bytes = _mm512_maskz_loadu_epi8(mn_q8_bytes((size_t)(count - i)), from + i);
        sums = _mm512_dpbusd_epi32(sums, bytes, _mm512_set1_epi8(1));
    }
    return _mm512_reduce_add_epi32(sums);
}

static void sum_inputs(const band *b) {
    const mn_window *w = &b->p->conv.window;
    int32_t *sum = b->sums;
    for (int32_t row = 0; row < b->last_row - b->first_row; row++) {
        const uint8_t *from = b->copy + (size_t)row * b->l.conv_stride;
        for (int32_t x = 0; x < w->out_w; x++, from += b->l.pixel_stride) {
            *sum++ = sum_bytes(from, w->k_h * w->k_w * w->in_c);
        }
    }
}

enum { PIXEL = GATHERED_PIXEL, PAIR_ROWS = 3 };

/* Where the bytes of a pair of gathered pixels come from: 16 of each row, which hold what both meet. */
typedef struct pair {
    uint8_t order[PAIR_ROWS][2 * PIXEL];
} pair;

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
Q8_TARGET static void gather_pairs(const mn_window *w, const pair *p, const uint8_t *const from[PAIR_ROWS],
                                   uint8_t *to) {
    __m512i order[PAIR_ROWS];
    for (int32_t y = 0; y < PAIR_ROWS; y++) order[y] = _mm512_loadu_si512(p->order[y]);
    const ptrdiff_t stride = (ptrdiff_t)w->stride_w * w->in_c;
    for (int32_t x = 0; x < w->out_w; x += 2, to += 2 * PIXEL) {
        __m512i both = _mm512_setzero_si512();
        Q8_UNROLL for (int32_t y = 0; y < PAIR_ROWS; y++) {
            const __m128i line = _mm_loadu_si128((const __m128i *)(const void *)(from[y] + x * stride));
            both = _mm512_or_si512(both, _mm512_shuffle_epi8(_mm512_broadcast_i32x4(line), order[y]));
        }
        _mm512_storeu_si512(to, both);
    }
}

static void gather(const band *b, const pair *pairs, int32_t row) {
    const mn_window *w = &b->p->conv.window;
    const uint8_t *from[PAIR_ROWS];
    uint8_t *to = b->copy + (size_t)row * b->l.conv_stride;
    if (pairs) {
        for (int32_t y = 0; y < PAIR_ROWS; y++) {
            from[y] = b->rows + (size_t)((row * w->stride_h + mn_min_i32(y, w->k_h - 1)) % w->k_h) * b->l.row_pitch;
        }
        gather_pairs(w, pairs, from, to);
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

static void copy_gathered(const band *b, const uint8_t *in, int32_t top) {
    const mn_window *w = &b->p->conv.window;
    const bool fit = pairs_fit(w);
    const pair pairs = fit ? pair_of(w) : (pair){0};
    int32_t y = 0;
    for (int32_t row = 0; row < b->last_row - b->first_row; row++) {
        for (y = mn_max_i32(y, row * w->stride_h); y < row * w->stride_h + w->k_h; y++) {
            copy_row(b, in, top + y, b->rows + (size_t)(y % w->k_h) * b->l.row_pitch);
        }
        gather(b, fit ? &pairs : NULL, row);
    }
}

void mn_conv_depthwise_q8_copy(const band *b, const uint8_t *in, int32_t batch) {
    const mn_window *w = &b->p->conv.window;
    const int32_t top = b->first_row * w->stride_h - w->pad_top;
    in += (size_t)batch * (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c;
    if (b->l.gathers) {
        copy_gathered(b, in, top);
    } else {
        for (int32_t i = 0; i < b->last_row - b->first_row; i++) {
            copy_row(b, in, top + i * w->stride_h, b->copy + (size_t)i * b->l.conv_stride);
        }
    }
    if (b->conv.weight) sum_inputs(b);
}

#endif

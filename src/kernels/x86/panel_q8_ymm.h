/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Tiles over panels with 256-bit vectors: columns of four rows of inputs, [group of products][row][4], times vectors of
 * 8 channels, of which a panel has two. Included behind one of the products_*.h. */
#ifndef MN_KERNELS_X86_PANEL_Q8_YMM_H
#define MN_KERNELS_X86_PANEL_Q8_YMM_H

#include "kernels/x86/panel_q8.h"

enum { LANES = MN_PANEL_Q8_LANES, ROWS = 4 };

typedef struct panels {
    const void *first;
    size_t stride; /* from panel to panel */
} panels;

static inline const mn_requant *requant_of(const panels *p, int32_t half) {
    return &mn_panel_q8_at(p->first, p->stride, half / 2)->requant;
}

/* Are the channels of these vectors requantised in floats? */
static inline bool are_floats(const panels *p, int32_t half, int32_t halves) {
    for (int32_t v = half; v < half + halves; v++) {
        if (!requant_of(p, v)->is_float && !requant_of(p, v)->is_fixed_up) return false;
    }
    return true;
}

/* Where the weights of vector `half` of 8 channels begin, and their folded biases. */
Q8_INLINE const int8_t *weights_of(const panels *p, int32_t half) {
    return mn_panel_q8_at(p->first, p->stride, half / 2)->weights + half % 2 * Q8_LANES * 4;
}

Q8_INLINE __m256i bias_of(const panels *p, int32_t half) {
    return q8_load(mn_panel_q8_at(p->first, p->stride, half / 2)->folded_bias + half % 2 * Q8_LANES);
}

/* With SPLITS: begins the accumulators of all columns. */
Q8_INLINE void begin_rests(int halves, const panels *p, int32_t half, const mn_rests_q8 *rests) {
    const int8_t *weights[TILE_HALVES];
    __m256i bias[TILE_HALVES];
    if (!SPLITS) return;
    Q8_UNROLL for (int v = 0; v < halves; v++) weights[v] = weights_of(p, half + v), bias[v] = bias_of(p, half + v);
    begin_columns(halves, rests, bias, weights, LANES * 4);
}

/* Accumulators with nothing but their folded biases or, with SPLITS, as those of column `x` begin, from row `first` on.
 */
Q8_INLINE void begin_tile(q8_shape s, const panels *p, int32_t half, const mn_rests_q8 *rests, int32_t x, int32_t first,
                          const int8_t *weights[TILE_HALVES], __m256i acc[TILE_HALVES][ROWS]) {
    Q8_UNROLL for (int v = 0; v < s.halves; v++) {
        weights[v] = weights_of(p, half + v);
        Q8_UNROLL for (int i = v; i < v + s.apart; i++) {
            Q8_UNROLL for (int r = 0; r < s.rows * s.beside; r++) {
                acc[i][r] = SPLITS ? begun(rests, x, v, first + r) : bias_of(p, half + v);
            }
        }
    }
}

/* Adds the products of all groups that the first of columns, `width` bytes each, has at `in`, so many at a time;
 * returns where those of the next lie. */
Q8_INLINE ptrdiff_t dot_some(int groups, q8_shape s, const uint8_t *in, ptrdiff_t width, const int8_t *const *weights,
                             ptrdiff_t k, __m256i acc[TILE_HALVES][ROWS]) {
    for (const uint8_t *end = in + width; in < end; in += groups * ROWS * 4, k += groups * LANES * 4) {
        dot_groups(groups, s, in, width, weights, k, LANES * 4, acc);
    }
    return k;
}

/* `together`: what is added up in 16 bits, where that is done at all. */
Q8_INLINE ptrdiff_t dot_span(int32_t together, q8_shape s, const uint8_t *in, ptrdiff_t width,
                             const int8_t *const *weights, ptrdiff_t k, __m256i acc[TILE_HALVES][ROWS]) {
    if (SPLITS && together != MN_SPANS_Q8_PAIRS) return dot_some(2, s, in, width, weights, k, acc);
    return dot_some(1, s, in, width, weights, k, acc);
}

/* Most often narrowing was clamp enough. */
Q8_INLINE __m256i clamp(__m256i bytes, mn_range_i32 range) {
    return range.min > -128 || range.max < 127 ? q8_finish(bytes, range, 0) : bytes;
}

/* Finds the spans of panels' weights, or makes these unsigned for signed bytes, and folds spans into their biases;
 * returns what is added up in 16 bits, at most `together` products, unless fours may be checked. */
static int32_t pack_spans(const mn_q8_source *source, int32_t depth, int32_t together, bool may_check, bool may_sign,
                          const mn_spans_q8 *spans, void *packed) {
    const int32_t count = mn_panel_q8_count(source->p->window.out_c), quads = depth / 4;
    const size_t bytes = mn_panel_q8_bytes(depth);
    const mn_weights_q8 weights = {.from = ((mn_panel_q8 *)packed)->weights,
                                   .block_bytes = bytes,
                                   .channels = count * LANES,
                                   .block_channels = LANES,
                                   .quads = quads,
                                   .together = together,
                                   .may_check = may_check,
                                   .may_sign = may_sign,
                                   .depth = source->depth};
    const int32_t added = mn_spans_q8_pack(spans, &weights, source->zeros.in);
    for (int32_t i = 0; i < count; i++) {
        mn_panel_q8 *panel = (mn_panel_q8 *)(void *)((char *)packed + (size_t)i * bytes);
        mn_spans_q8_fold(spans, quads, panel->weights, LANES * 4, panel->folded_bias);
    }
    if (added == MN_SPANS_Q8_SIGNED) mn_spans_q8_flip(&weights);
    return added;
}

#endif

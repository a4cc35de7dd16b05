/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A convolution and the mean behind it with 512-bit vectors: images, means, and what runs them. The including file has
 * run_panels(). */
#ifndef MN_KERNELS_X86_CONV_MEAN_Q8_ZMM_H
#define MN_KERNELS_X86_CONV_MEAN_Q8_ZMM_H

#include "kernels/portable/window.h"
#include "kernels/tile/cut.h"
#include "kernels/x86/conv_mean_q8.h"
#include "kernels/x86/panel_q8_avx512vnni.h"

enum { LANES = MN_PANEL_Q8_LANES };

_Static_assert((int)MN_CONV_MEAN_CHANNELS == (int)LANES, "a unit is a panel");

/* As much of the next step's weights, most often logits, is fetched when all of its own are: part of an L2, too. */
enum { LATER_BYTES = 640 * 1024 };

/* One image. */
typedef struct job {
    const mn_conv_mean_params *p;
    mn_q8_zeros zeros;
    mn_panel_q8_job tiles;
    int32_t pixels;
    const int32_t *row_sums;
    mn_requant mean; /* MN_POOLING_MEAN */
    int32_t offset;  /* added to the centred results of all pixels before they are averaged */
    uint8_t *out;
} job;

static int32_t depth_of(const mn_window *w) { return (int32_t)mn_round_up((size_t)w->in_c, 4); }

/* Workspace: the pixels, padded with zeros, then their sums. */
static size_t image_bytes(const mn_window *w) {
    return mn_round_up((size_t)w->in_h * (size_t)w->in_w * (size_t)depth_of(w), 64);
}

/* Columns [i, end) of one image. */
static void run_panels(const job *j, const mn_task *task, int32_t i, int32_t end);

/* ---- Images --------------------------------------------------------------------------------------------- */

/* `count` bytes and zeros up to `depth`. */
Q8_TARGET static void copy_pixel(const uint8_t *from, int32_t count, int32_t depth, __m512i flip, uint8_t *to) {
    for (int32_t i = 0; i < depth; i += 64) {
        const __mmask64 there = mn_q8_bytes((size_t)mn_max_i32(count - i, 0));
        const __m512i bytes = _mm512_xor_si512(_mm512_maskz_loadu_epi8(there, from + i), flip);
        _mm512_mask_storeu_epi8(to + i, mn_q8_bytes((size_t)(depth - i)), _mm512_maskz_mov_epi8(there, bytes));
    }
}

/* Sets `rows` and `row_sums` to those of image `batch`. */
Q8_TARGET static void take_image(job *j, const mn_task *task, int32_t batch) {
    const mn_window *w = &j->p->conv.window;
    const uint8_t *in = (const uint8_t *)task->inputs[0] + (ptrdiff_t)batch * j->pixels * w->in_c;
    uint8_t *copy = task->workspace;
    int32_t *sums = (int32_t *)(void *)(copy + image_bytes(w));
    const __m512i flip = _mm512_set1_epi8((char)j->zeros.in_flip);
    const bool whole = w->in_c == j->tiles.depth;
    j->tiles.rows = whole && !j->zeros.in_flip ? in : copy;
    j->row_sums = sums;
    if (mn_task_keeps(task, batch)) return;
    if (whole && j->zeros.in_flip) {
        copy_pixel(in, j->pixels * j->tiles.depth, j->pixels * j->tiles.depth, flip, copy);
    } else if (!whole) {
        for (int32_t i = 0; i < j->pixels; i++, in += w->in_c, copy += j->tiles.depth) {
            copy_pixel(in, w->in_c, j->tiles.depth, flip, copy);
        }
    }
    if (j->zeros.weight) mn_sum_pixels(j->tiles.rows, j->tiles.depth, j->pixels, sums);
}

/* ---- From accumulators to results ------------------------------------------------------------------------------- */

static inline const mn_panel_q8 *panel_of(const job *j, int32_t index) {
    return mn_panel_q8_at(j->tiles.panels, j->tiles.stride, index);
}

Q8_INLINE __m512i take_off_weight_zero(const job *j, int32_t pixel, __m512i acc) {
    if (!j->zeros.weight) return acc;
    return _mm512_sub_epi32(acc, _mm512_set1_epi32(mn_q8_product(j->zeros.weight, j->row_sums[pixel])));
}

/* The first `rows` of four results of 16 channels, as mn_q8_narrow_4() has them, clamped and added to `total`. */
Q8_INLINE __m512i add_results(const job *j, __m512i total, __m512i bytes, int32_t rows) {
    const __m512i by_channel =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    const uint32_t there = rows >= 4 ? 0x01010101 : 0x01010101u >> (8 * (4 - rows));
    bytes = mn_q8_finish_64(bytes, j->zeros.range, 0);
    return _mm512_dpbusd_epi32(total, _mm512_set1_epi32((int32_t)there), _mm512_shuffle_epi8(bytes, by_channel));
}

/* MEAN. */
Q8_INLINE __m128i mean_of(const job *j, __m512i totals) {
    const __m512i means = mn_q8_requant_exact(totals, &j->mean);
    return _mm_xor_si128(_mm512_cvtsepi32_epi8(means), _mm_set1_epi8((char)j->zeros.out_flip));
}

/* AVERAGE_POOL_2D: halves away from stored 0. */
Q8_INLINE __m128i average_of(const job *j, __m512i totals) {
    const __m512i half = _mm512_set1_epi32(j->pixels / 2);
    const __mmask16 positive = _mm512_cmpgt_epi32_mask(totals, _mm512_setzero_si512());
    const __m512i acc = _mm512_mask_add_epi32(_mm512_sub_epi32(totals, half), positive, totals, half);
    const __m512 quotients = _mm512_div_ps(_mm512_cvtepi32_ps(acc), _mm512_set1_ps((float)j->pixels));
    __m512i averages = _mm512_max_epi32(_mm512_cvttps_epi32(quotients), _mm512_set1_epi32(j->p->range.min));
    averages = _mm512_min_epi32(averages, _mm512_set1_epi32(j->p->range.max));
    return _mm512_cvtepi32_epi8(averages);
}

Q8_INLINE void store_panel(const job *j, int32_t index, __m128i bytes) {
    const int32_t channel = index * LANES;
    _mm_mask_storeu_epi8(j->out + channel, mn_q8_lanes(j->p->conv.window.out_c - channel), bytes);
}

Q8_INLINE void store_means(const job *j, int32_t index, __m512i totals) {
    store_panel(j, index, j->p->pooling == MN_POOLING_MEAN ? mean_of(j, totals) : average_of(j, totals));
}

/* ---- Running -------------------------------------------------------------------------------------------- */

static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_mean_params *p = task->params;
    const mn_window *w = &p->conv.window;
    const int32_t panels = mn_panel_q8_count(w->out_c), pixels = w->in_h * w->in_w;
    job j = {.p = p,
             .zeros = mn_q8_zeros_of(&p->conv, type),
             .tiles = {.panels = task->packed, .stride = mn_panel_q8_bytes(depth_of(w)), .depth = depth_of(w)},
             .pixels = pixels};
    j.offset = mn_conv_mean_q8_offset(p, type, &j.mean);
    while (begin < end) {
        const int32_t batch = begin / panels, first = begin % panels;
        const int32_t last = mn_min_i32(panels, first + end - begin);
        take_image(&j, task, batch);
        j.out = (uint8_t *)task->output + (ptrdiff_t)batch * w->out_c;
        run_panels(&j, task, first, last);
        begin += last - first;
    }
}

#endif

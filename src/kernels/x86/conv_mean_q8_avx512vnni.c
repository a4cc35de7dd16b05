/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution of few pixels and MEAN or AVERAGE_POOL_2D over whole images behind it, int8 and uint8, for
 * AVX-512 VNNI. The work is cut by channels, so that the results of a channel are added up as they come and never
 * stored. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/portable/window.h"
#include "kernels/tile/cut.h"
#include "kernels/x86/panel_q8_avx512vnni.h"

enum { STREAMS = MN_PANEL_Q8_STREAMS, LANES = MN_PANEL_Q8_LANES };

_Static_assert((int)MN_CONV_MEAN_CHANNELS == (int)LANES, "a unit is a panel");

/* Every thread makes the bytes of the whole image unsigned for itself; this much of them stays in its L2. Sums of so
 * few pixels, and their quotients, are floats exactly. */
enum { IMAGE_BYTES = 128 * 1024, IMAGE_PIXELS = 1 << 15 };

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

static bool conv_mean_q8_need(const void *params, mn_kernel_need *need) {
    const mn_conv_mean_params *p = params;
    const mn_window *w = &p->conv.window;
    const int64_t pixels = (int64_t)w->in_h * w->in_w;
    if (p->conv.groups != 1 || !mn_window_is_pointwise(w) || w->in_c > MN_Q8_MAX_DEPTH) return false;
    if (!mn_requant_fits(p->conv.shift, w->out_c)) return false;
    if (p->pooling == MN_POOLING_NONE) return false;
    if (p->pooling == MN_POOLING_MEAN && p->mean.shift > 0) return false;
    if (pixels > IMAGE_PIXELS || pixels * depth_of(w) > IMAGE_BYTES) return false;
    need->packed_bytes = mn_panel_q8_bytes(depth_of(w)) * (size_t)mn_panel_q8_count(w->out_c);
    need->workspace_bytes = image_bytes(w) + (size_t)pixels * sizeof(int32_t);
    return true;
}

static void pack(const void *params, const void *const *constants, mn_type type, void *packed) {
    const mn_conv_mean_params *p = params;
    const mn_q8_source source = mn_q8_conv_source(&p->conv, type, constants[1], constants[2]);
    mn_panel_q8_pack(&source, depth_of(&p->conv.window), packed);
}

static void conv_mean_i8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_INT8, packed);
}

const mn_kernel_traits mn_conv_mean_i8_avx512vnni_traits = {
    .need = conv_mean_q8_need, .pack = conv_mean_i8_pack, .cut = mn_cut_conv_mean};

static void conv_mean_u8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_UINT8, packed);
}

const mn_kernel_traits mn_conv_mean_u8_avx512vnni_traits = {
    .need = conv_mean_q8_need, .pack = conv_mean_u8_pack, .cut = mn_cut_conv_mean};

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

/* The first `rows` of four results of 16 channels, as mn_q8_narrow_4() has them, added to `total`. */
Q8_INLINE __m512i add_results(__m512i total, __m512i bytes, int32_t rows) {
    const __m512i by_channel =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    const uint32_t there = rows >= 4 ? 0x01010101 : 0x01010101u >> (8 * (4 - rows));
    return _mm512_dpbusd_epi32(total, _mm512_set1_epi32((int32_t)there), _mm512_shuffle_epi8(bytes, by_channel));
}

/* Adds the results of a tile to the totals of its panels. */
Q8_NOINLINE static void add_tile(const job *j, mn_panel_q8_tile *t, int32_t pixel, int32_t rows, int32_t index,
                                 int32_t panels, __m512i totals[STREAMS]) {
    const mn_range_i32 range = j->zeros.range;
    for (int32_t i = 0; i < panels; i++) {
        const mn_requant *requant = &panel_of(j, index + i)->requant;
        __m512i *acc = t->acc[i];
        for (int32_t r = 0; r < rows && j->zeros.weight; r++) acc[r] = take_off_weight_zero(j, pixel + r, acc[r]);
        for (int32_t r = 0; r < rows; r += 4, acc += 4) {
            mn_q8_requant_some(4, acc, requant);
            const __m512i bytes = mn_q8_narrow_4(acc[0], acc[1], acc[2], acc[3]);
            totals[i] = add_results(totals[i], mn_q8_finish_64(bytes, range, 0), rows - r);
        }
    }
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

/* ---- Columns of one image ------------------------------------------------------------------------------- */

/* All pixels of `panels` panels. */
Q8_TARGET static void run_pooled(const job *j, int32_t index, int32_t panels, mn_q8_prefetch *prefetch) {
    mn_panel_q8_tile t;
    __m512i totals[STREAMS];
    for (int32_t i = 0; i < panels; i++) totals[i] = _mm512_set1_epi32(j->offset);
    for (int32_t pixel = 0, rows; pixel < j->pixels; pixel += rows) {
        rows = mn_panel_q8_rows(j->pixels - pixel);
        mn_panel_q8_multiply(&j->tiles, pixel, rows, index, panels, prefetch, &t);
        add_tile(j, &t, pixel, rows, index, panels, totals);
    }
    for (int32_t i = 0; i < panels; i++) {
        const bool mean = j->p->pooling == MN_POOLING_MEAN;
        store_panel(j, index + i, mean ? mean_of(j, totals[i]) : average_of(j, totals[i]));
    }
}

/* Columns [i, end). */
static void run_panels(const job *j, const mn_task *task, int32_t i, int32_t end) {
    mn_q8_prefetch own = mn_panel_q8_prefetch_of(&j->tiles, i, end, j->pixels);
    mn_q8_prefetch next = mn_q8_prefetch_of(task, LATER_BYTES);
    for (int32_t panels; i < end; i += panels) {
        panels = mn_panel_q8_panels(end - i, j->pixels);
        mn_panel_q8_skip(&own, &j->tiles, i + panels);
        run_pooled(j, i, panels, (size_t)(own.end - own.from) >= j->tiles.stride ? &own : &next);
    }
}

static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_mean_params *p = task->params;
    const mn_window *w = &p->conv.window;
    const int32_t panels = mn_panel_q8_count(w->out_c), pixels = w->in_h * w->in_w;
    const int32_t centre = type == MN_UINT8 ? 128 : 0; /* stored values are centred ones plus this */
    job j = {.p = p,
             .zeros = mn_q8_zeros_of(&p->conv, type),
             .tiles = {.panels = task->packed, .stride = mn_panel_q8_bytes(depth_of(w)), .depth = depth_of(w)},
             .pixels = pixels,
             .offset = pixels * centre};
    if (p->pooling == MN_POOLING_MEAN) {
        mn_requant_fill_exact(&j.mean, p->mean.multiplier, p->mean.shift, p->mean.out_zero - centre);
        j.offset -= pixels * p->mean.in_zero;
    }
    while (begin < end) {
        const int32_t batch = begin / panels, first = begin % panels;
        const int32_t last = mn_min_i32(panels, first + end - begin);
        take_image(&j, task, batch);
        j.out = (uint8_t *)task->output + (ptrdiff_t)batch * w->out_c;
        run_panels(&j, task, first, last);
        begin += last - first;
    }
}

void mn_conv_mean_i8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_conv_mean_u8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution of few pixels and MEAN or AVERAGE_POOL_2D over whole images behind it, int8 and uint8, with
 * 256-bit vectors: tiles of four pixels x up to TILE_HALVES * 8 channels. The work is cut by channels, so that the
 * results of a channel are added up as they come and never stored. Included behind one of the products_*.h, with
 * place_unit(), which brings four pixels' bytes into the order in which they are multiplied, and splits them where the
 * products need that; gives conv_mean_need(), conv_mean_{i8,u8}_pack() and conv_mean_run(). */
#include "base/checked.h"
#include "kernels/tile/cut.h"
#include "kernels/x86/conv_mean_q8.h"
#include "kernels/x86/panel_q8_ymm.h"

_Static_assert((int)MN_CONV_MEAN_CHANNELS == (int)LANES, "a unit is a panel");

enum { UNIT = MN_SPANS_Q8_UNIT, TOGETHER = 2 };

_Static_assert((int)MN_CONV_MEAN_Q8_BYTES / ((int)ROWS * (int)UNIT) <= (int)MN_RESTS_Q8_COLUMNS,
               "groups of pixels are columns of rests");

/* As much of the next step's weights, most often logits, is fetched, part of an L2, if computing leaves time for it.
 * Where activations are split they are not in large pages, and fetching takes as long as it saves. */
enum { LATER_BYTES = SPLITS ? 0 : 640 * 1024 };

/* Weights that are asked for with tiles. */
typedef struct fetch {
    mn_q8_prefetch weights;
    size_t each; /* bytes with a tile */
} fetch;

/* One image. */
typedef struct job {
    const mn_conv_mean_params *p;
    mn_q8_zeros zeros;
    panels panels;
    int32_t depth, pixels, groups; /* of four pixels */
    const uint8_t *image;          /* [group][group of products][pixel][4] */
    mn_rests_q8 rests;             /* with SPLITS, of groups as columns */
    int32_t *sums;                 /* of the inputs of each pixel; for weight zero points */
    mn_requant mean;               /* MN_POOLING_MEAN */
    int32_t offset;                /* added to the centred results of all pixels before they are averaged */
    uint8_t *out;
    fetch own, next; /* weights of the panels that follow, and of the next step */
} job;

static int32_t depth_of(const mn_window *w) { return (int32_t)mn_round_up((size_t)w->in_c, UNIT); }

static int32_t groups_of(const mn_window *w) { return mn_groups_of(w->in_h * w->in_w, ROWS); }

/* Workspace: the image, sums of inputs; with SPLITS what lists its rests, what accumulators begin with, and where in
 * that those of each group do; the excess of its rows; rests. */
enum { LISTED_BYTES = (sizeof(mn_rests_q8) + 63) / 64 * 64 };

static size_t image_bytes(const mn_window *w) { return (size_t)groups_of(w) * ROWS * (size_t)depth_of(w); }

static size_t sums_bytes(const mn_window *w) { return mn_round_up((size_t)groups_of(w) * ROWS * sizeof(int32_t), 64); }

static size_t starts_bytes(const mn_window *w) { return mn_round_up((size_t)groups_of(w) * sizeof(int32_t), 64); }

static size_t excess_bytes(const mn_window *w) { return (size_t)groups_of(w) * sizeof(int32_t[ROWS]); }

static size_t rests_bytes(const mn_window *w) {
    return (size_t)groups_of(w) * mn_rests_q8_most(depth_of(w) / 4, TOGETHER, true) * sizeof(mn_rest_q8);
}

/* Packed: panels; with SPLITS their spans. */
static size_t panels_bytes(const mn_window *w) {
    return (size_t)mn_panel_q8_count(w->out_c) * mn_panel_q8_bytes(depth_of(w));
}

static mn_spans_q8 spans_of(const mn_window *w, const void *packed) {
    return mn_spans_q8_at((char *)packed + panels_bytes(w), depth_of(w) / 4);
}

static bool conv_mean_need(const void *params, mn_kernel_need *need) {
    const mn_conv_mean_params *p = params;
    const mn_window *w = &p->conv.window;
    if (!mn_conv_mean_q8_fits(p, depth_of(w))) return false;
    need->packed_bytes = panels_bytes(w);
    need->workspace_bytes = image_bytes(w) + sums_bytes(w);
    if (!SPLITS) return true;
    need->packed_bytes += mn_spans_q8_bytes(depth_of(w) / 4);
    need->workspace_bytes +=
        LISTED_BYTES + mn_rests_q8_sums(groups_of(w)) + starts_bytes(w) + excess_bytes(w) + rests_bytes(w);
    return true;
}

static void conv_mean_pack(const void *params, const void *const *constants, mn_type type, void *packed) {
    const mn_conv_mean_params *p = params;
    const mn_window *w = &p->conv.window;
    const mn_q8_source source = mn_q8_mean_source(&p->conv, type, constants[1], constants[2]);
    const mn_spans_q8 spans = spans_of(w, packed);
    mn_panel_q8_pack(&source, depth_of(w), packed);
    if (SPLITS) pack_spans(&source, depth_of(w), TOGETHER, false, true, &spans, packed);
}

static void conv_mean_i8_pack(const void *params, const void *const *constants, void *packed) {
    conv_mean_pack(params, constants, MN_INT8, packed);
}

static void conv_mean_u8_pack(const void *params, const void *const *constants, void *packed) {
    conv_mean_pack(params, constants, MN_UINT8, packed);
}

/* ---- Images --------------------------------------------------------------------------------------------- */

/* The first `count` of 16 bytes, at most all; zeros behind them. */
Q8_INLINE __m128i load_16(const uint8_t *from, int32_t count) {
    if (count >= UNIT) return _mm_loadu_si128((const __m128i *)(const void *)from);
    uint8_t bytes[UNIT] = {0};
    memcpy(bytes, from, (size_t)count);
    return _mm_loadu_si128((const __m128i *)(const void *)bytes);
}

/* Products from `k` on of two pixels. */
Q8_INLINE __m256i load_two(const job *j, const uint8_t *const *pixels, int32_t k) {
    const int32_t count = j->p->conv.window.in_c - k;
    const __m128i first = load_16(pixels[0] + k, count), second = load_16(pixels[1] + k, count);
    const __m256i bytes = _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
    return _mm256_xor_si256(bytes, _mm256_set1_epi8((char)j->zeros.in_flip));
}

static int32_t sum_pixel(const uint8_t *in, int32_t count) {
    int32_t sum = 0;
    for (int32_t i = 0; i < count; i++) sum += in[i];
    return sum;
}

/* Brings an image into order. Pixels that do not exist are the last one. */
Q8_TARGET static void place_image(job *j, const uint8_t *in, const mn_spans_q8 *spans, uint8_t *image) {
    const mn_window *w = &j->p->conv.window;
    mn_rest_q8 *rests = (mn_rest_q8 *)j->rests.end;
    for (int32_t g = 0; g < j->groups; g++) {
        const uint8_t *pixels[ROWS];
        for (int32_t r = 0; r < ROWS; r++) {
            pixels[r] = in + (ptrdiff_t)mn_min_i32(g * ROWS + r, j->pixels - 1) * w->in_c;
            if (j->zeros.weight) j->sums[g * ROWS + r] = sum_pixel(pixels[r], w->in_c);
        }
        __m256i added[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        for (int32_t k = 0; k < j->depth; k += UNIT) {
            uint8_t *to = image + ((ptrdiff_t)g * j->depth + k) * ROWS;
            const __m256i first = load_two(j, pixels, k), second = load_two(j, pixels + 2, k);
            rests = place_unit(&j->rests, first, second, spans, k / 4, to, rests, added);
        }
        if (SPLITS && j->rests.excess) store_excess(added, j->depth, 0, j->rests.excess[g]);
        if (SPLITS) mn_rests_q8_end_column(&j->rests, g, rests);
    }
}

/* Image `batch`. */
Q8_TARGET static void take_image(job *j, const mn_task *task, int32_t batch) {
    const mn_window *w = &j->p->conv.window;
    const uint8_t *in = (const uint8_t *)task->inputs[0] + (ptrdiff_t)batch * j->pixels * w->in_c;
    const mn_spans_q8 spans = spans_of(w, task->packed);
    uint8_t *image = task->workspace;
    j->sums = (int32_t *)(void *)(image + image_bytes(w));
    j->image = image;
    mn_rests_q8 *listed = (mn_rests_q8 *)(void *)((uint8_t *)j->sums + sums_bytes(w));
    if (mn_task_keeps(task, batch)) {
        if (SPLITS) j->rests = *listed;
        return;
    }
    int32_t *begun_at = (int32_t *)(void *)((uint8_t *)listed + LISTED_BYTES);
    int32_t *start = begun_at + mn_rests_q8_sums(j->groups) / sizeof *start;
    int32_t(*excess)[ROWS] = (int32_t(*)[ROWS])(void *)((uint8_t *)start + starts_bytes(w));
    mn_rest_q8 *rests = (mn_rest_q8 *)(void *)((uint8_t *)excess + excess_bytes(w));
    const bool is_signed = SPLITS && mn_spans_q8_are_signed(&spans, j->zeros.in);
    j->rests = mn_rests_q8_begin(start, begun_at, rests, is_signed ? excess : NULL);
    place_image(j, in, &spans, image);
    if (is_signed && mn_rests_q8_are_many(&j->rests, j->groups, j->depth / 4)) {
        mn_rests_q8_begin_pairs(&j->rests);
        place_image(j, in, &spans, image);
    }
    if (SPLITS) *listed = j->rests;
}

/* ---- From accumulators to results ------------------------------------------------------------------------------- */

/* Adds the first `rows` results of 8 channels to `total`. `plain`: floats alone, and no weight zero point. */
Q8_INLINE __m256i add_half(int32_t rows, bool plain, const job *j, int32_t half, int32_t group, __m256i acc[ROWS],
                           __m256i total) {
    const __m128i by_channel = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const uint32_t there = 0x01010101u >> (8 * (ROWS - rows));
    if (plain) {
        q8_requant_floats(ROWS, acc, requant_of(&j->panels, half), half % 2);
    } else {
        for (int32_t r = 0; r < ROWS && j->zeros.weight; r++) {
            const int32_t over = mn_q8_product(j->zeros.weight, j->sums[group * ROWS + r]);
            acc[r] = _mm256_sub_epi32(acc[r], _mm256_set1_epi32(over));
        }
        q8_requant_some(ROWS, acc, requant_of(&j->panels, half), half % 2);
    }
    const __m256i bytes = clamp(q8_narrow_4(acc), j->zeros.range);
    const __m256i results = _mm256_shuffle_epi8(bytes, _mm256_broadcastsi128_si256(by_channel));
    return dot_bytes(total, _mm256_set1_epi32((int32_t)there), results);
}

Q8_NOINLINE static void add_any(int32_t rows, const job *j, int32_t half, int32_t halves, int32_t group,
                                __m256i acc[TILE_HALVES][ROWS], __m256i totals[TILE_HALVES]) {
    for (int32_t v = 0; v < halves; v++) totals[v] = add_half(rows, false, j, half + v, group, acc[v], totals[v]);
}

/* MEAN of 8 channels. */
Q8_INLINE __m256i mean_of(const job *j, __m256i totals) {
    const q8_exact mean = q8_exact_of(&j->mean, 0);
    const __m256i means = q8_requant_exact(totals, &mean), none = _mm256_setzero_si256();
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(means, none), none);
    return _mm256_xor_si256(bytes, _mm256_set1_epi8((char)j->zeros.out_flip));
}

/* AVERAGE_POOL_2D: halves away from stored 0. */
Q8_INLINE __m256i average_of(const job *j, __m256i totals) {
    const __m256i half = _mm256_set1_epi32(j->pixels / 2), none = _mm256_setzero_si256();
    const __m256i positive = _mm256_cmpgt_epi32(totals, none);
    const __m256i away = _mm256_blendv_epi8(_mm256_sub_epi32(none, half), half, positive);
    const __m256i acc = _mm256_add_epi32(totals, away);
    const __m256 quotients = _mm256_div_ps(_mm256_cvtepi32_ps(acc), _mm256_set1_ps((float)j->pixels));
    __m256i averages = _mm256_max_epi32(_mm256_cvttps_epi32(quotients), _mm256_set1_epi32(j->p->range.min));
    averages = _mm256_min_epi32(averages, _mm256_set1_epi32(j->p->range.max));
    averages = _mm256_and_si256(averages, _mm256_set1_epi32(0xff)); /* bytes, whatever their sign */
    return _mm256_packus_epi16(_mm256_packus_epi32(averages, none), none);
}

Q8_TARGET static void store_half(const job *j, int32_t half, __m256i totals) {
    const int32_t channel = half * Q8_LANES, count = mn_min_i32(Q8_LANES, j->p->conv.window.out_c - channel);
    const __m256i fours = j->p->pooling == MN_POOLING_MEAN ? mean_of(j, totals) : average_of(j, totals);
    const __m128i bytes = _mm_unpacklo_epi32(_mm256_castsi256_si128(fours), _mm256_extracti128_si256(fours, 1));
    q8_store_part(j->out + channel, bytes, count);
}

/* ---- Columns of one image ------------------------------------------------------------------------------- */

/* Pixels of one group; one alone is frequent and costs less. Constants let the compiler keep accumulators in
 * registers. */
Q8_INLINE void run_tile(int rows, int halves, bool plain, const job *j, int32_t half, int32_t group,
                        __m256i totals[TILE_HALVES]) {
    const int8_t *weights[TILE_HALVES];
    const uint8_t *in = j->image + (ptrdiff_t)group * ROWS * j->depth;
    __m256i acc[TILE_HALVES][ROWS];
    const q8_shape shape = {.rows = rows, .beside = 1, .apart = 1, .halves = halves};
    begin_tile(shape, &j->panels, half, &j->rests, group, 0, weights, acc);
    if (SPLITS && j->rests.excess) {
        take_off_excess(rows, halves, j->rests.excess[group], acc);
        dot_all_signed(j->rests.together, j->depth / 4, rows, halves, in, weights, LANES * 4, acc);
    } else {
        dot_span(TOGETHER, shape, in, (ptrdiff_t)ROWS * j->depth, weights, 0, acc);
    }
    Q8_UNROLL for (int v = 0; v < halves; v++) { Q8_UNROLL for (int r = rows; r < ROWS; r++) acc[v][r] = acc[v][0]; }
    const int32_t there = mn_min_i32(ROWS, j->pixels - group * ROWS);
    if (plain) {
        Q8_UNROLL for (int v = 0; v < halves; v++) {
            totals[v] = add_half(there, true, j, half + v, group, acc[v], totals[v]);
        }
    } else {
        __m256i kept[TILE_HALVES][ROWS]; /* in memory, so that the accumulators need not be */
        Q8_UNROLL for (int v = 0; v < halves; v++) { Q8_UNROLL for (int r = 0; r < ROWS; r++) kept[v][r] = acc[v][r]; }
        add_any(there, j, half, halves, group, kept, totals);
    }
}

Q8_INLINE void fetch_some(fetch *f) {
    const size_t each = f->weights.from < f->weights.end ? f->each : 0;
    mn_q8_prefetch_now(f->weights.from, each);
    f->weights.from += each;
}

/* All pixels of some vectors of channels. */
Q8_INLINE void run_halves(int halves, job *j, int32_t half) {
    const bool plain = j->zeros.weight == 0 && are_floats(&j->panels, half, halves);
    __m256i totals[TILE_HALVES];
    Q8_UNROLL for (int v = 0; v < halves; v++) totals[v] = _mm256_set1_epi32(j->offset);
    begin_rests(halves, &j->panels, half, &j->rests);
    for (int32_t group = 0; group < j->groups; group++) {
        fetch_some(&j->own);
        fetch_some(&j->next);
        if (j->pixels - group * ROWS == 1) {
            run_tile(1, halves, plain, j, half, group, totals);
        } else {
            run_tile(ROWS, halves, plain, j, half, group, totals);
        }
    }
    Q8_UNROLL for (int v = 0; v < halves; v++) store_half(j, half + v, totals[v]);
}

static fetch fetch_of(mn_q8_prefetch weights, size_t tiles) {
    return (fetch){weights, mn_round_up((size_t)(weights.end - weights.from) / tiles, 64)};
}

/* Vectors [half, end) of 8 channels. */
Q8_TARGET static void run_panels(job *j, const mn_task *task, int32_t half, int32_t end) {
    const size_t tiles = (size_t)mn_groups_of(end - half, TILE_HALVES) * (size_t)j->groups;
    const size_t most = (size_t)j->depth / 8 * 64; /* a line with two groups of products */
    const char *first = j->panels.first;
    mn_q8_prefetch own = {first + (size_t)(half / 2) * j->panels.stride,
                          first + (size_t)mn_groups_of(end, 2) * j->panels.stride};
    j->own = fetch_of(own, tiles);
    j->own.weights.from += (size_t)TILE_HALVES * j->panels.stride / 2;
    j->next = fetch_of(mn_q8_prefetch_of(task, LATER_BYTES), tiles);
    if (j->own.each + j->next.each > most) j->next.each = most > j->own.each ? most - j->own.each : 0;
    while (half < end) {
        const int32_t left = end - half;
        if (TILE_HALVES == 3 && (left == 3 || left > 4)) {
            run_halves(TILE_HALVES, j, half), half += TILE_HALVES;
        } else if (left > 1) {
            run_halves(2, j, half), half += 2;
        } else {
            run_halves(1, j, half), half += 1;
        }
    }
}

static void conv_mean_run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_mean_params *p = task->params;
    const mn_window *w = &p->conv.window;
    const int32_t units = mn_panel_q8_count(w->out_c), pixels = w->in_h * w->in_w;
    job j = {.p = p,
             .zeros = mn_q8_zeros_of(&p->conv, type),
             .panels = {task->packed, mn_panel_q8_bytes(depth_of(w))},
             .depth = depth_of(w),
             .pixels = pixels,
             .groups = groups_of(w)};
    j.offset = mn_conv_mean_q8_offset(p, type, &j.mean);
    while (begin < end) {
        const int32_t batch = begin / units, first = begin % units;
        const int32_t last = mn_min_i32(units, first + end - begin);
        take_image(&j, task, batch);
        j.out = (uint8_t *)task->output + (ptrdiff_t)batch * w->out_c;
        run_panels(&j, task, 2 * first, mn_min_i32(2 * last, mn_groups_of(w->out_c, Q8_LANES)));
        begin += last - first;
    }
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 convolution with 256-bit vectors: tiles of up to 6 pixels x 16 channels, 12 accumulators. A span of
 * pixels is gathered into the form that is multiplied; then each panel of channels meets all of it, so that weights
 * come from far away once a span.
 *
 * The including file has q8_dot(), q8_zeros_of(), GROUP, the products that one lane of a dot product adds,
 * `activation`, the type that is multiplied, load_weights() of 8 x GROUP weights, and prepare(), which makes `count`
 * activations from stored bytes, in `to` or, where they need no change, in place. It gets conv_need(), conv_pack() and
 * conv_run(). */

#include "base/checked.h"
#include "kernels/gather.h"
#include "kernels/portable/window.h"
#include "kernels/quant.h"
#include "kernels/x86/interleave.h"

enum { ROWS = 6, VECTORS = 2, LANES = MN_REQUANT_LANES };

/* A span stays within this many bytes, some of L2, and this many pixels. */
enum { SPAN_BYTES = 96 * 1024, SPAN_PIXELS = 96 };

/* 16 output channels: folded bias, requantisation, then groups of products, [depth / GROUP][16][GROUP].
 * Two vectors are in q8_unpacked_order, one alone in that of its channels. */
typedef struct panel {
    int32_t folded_bias[LANES];
    mn_requant requant;
    _Alignas(64) int8_t weights[];
} panel;

/* Where a panel's channels lie. Beside a full one the last overlaps its neighbour rather than end early. */
typedef struct place {
    int32_t first, vectors;
    int32_t count; /* stored channels: less than vectors hold only when there are no more */
} place;

static int32_t panel_count(const mn_window *w) { return (w->out_c + LANES - 1) / LANES; }

static place place_of(const mn_window *w, int32_t index) {
    const int32_t vectors = w->out_c - index * LANES > Q8_LANES ? VECTORS : 1, lanes = vectors * Q8_LANES;
    return (place){.first = mn_max_i32(0, mn_min_i32(index * LANES, w->out_c - lanes)),
                   .vectors = vectors,
                   .count = mn_min_i32(lanes, w->out_c)};
}

static size_t panel_bytes(const mn_window *w) {
    return mn_round_up(sizeof(panel) + (size_t)mn_gather_depth(w) * LANES, 64);
}

/* ---- Memory --------------------------------------------------------------------------------------------- */

/* Workspace: pixels as they are multiplied, then as gathered, then their sums. */
typedef struct span {
    int32_t pixels;
    size_t gathered, sums, bytes; /* offsets and their end */
} span;

static span span_of(const mn_window *w) {
    const int32_t depth = mn_gather_depth(w), row = depth * (int32_t)sizeof(activation);
    span s = {.pixels = mn_clamp_i32(SPAN_BYTES / row / ROWS * ROWS, ROWS, SPAN_PIXELS)};
    s.gathered = mn_round_up((size_t)s.pixels * (size_t)row, 64);
    s.sums = s.gathered + (mn_gather_is_input(w) ? 0 : mn_round_up((size_t)s.pixels * (size_t)depth, 64));
    s.bytes = s.sums + (size_t)s.pixels * sizeof(int32_t);
    return s;
}

static bool conv_need(const mn_conv_params *p, mn_kernel_need *need) {
    const mn_window *w = &p->window;
    if (p->groups != 1 || mn_window_depth(w) > MN_Q8_MAX_DEPTH || !mn_requant_fits(p->shift, w->out_c)) return false;
    need->packed_bytes = panel_bytes(w) * (size_t)panel_count(w);
    need->workspace_bytes = span_of(w).bytes;
    return true;
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

static void pack_panel(const mn_conv_params *p, mn_type type, const uint8_t *weights, const int32_t *bias, place at,
                       panel *out) {
    const mn_window *w = &p->window;
    const mn_q8_zeros zeros = q8_zeros_of(p, type);
    const int32_t k = (int32_t)mn_window_depth(w);
    const mn_requant_lanes lanes =
        mn_requant_lanes_of(at.first, w->out_c, at.vectors == VECTORS ? q8_unpacked_order : NULL);
    const uint8_t *rows[LANES];
    int32_t sums[LANES] = {0};
    mn_requant_fill(&out->requant, &lanes, p->multiplier, p->shift, bias, zeros.out, zeros.range);
    for (int32_t lane = 0; lane < LANES; lane++) rows[lane] = weights + (ptrdiff_t)lanes.channel[lane] * k;
    mn_interleave(rows, k, zeros.weight_flip, 4 * LANES, out->weights, sums);
    if (GROUP == 2) mn_interleave_pairs(out->weights, (size_t)mn_gather_depth(w) / 4);
    for (int32_t lane = 0; lane < LANES; lane++) {
        const int64_t flat = (int64_t)k * zeros.in * zeros.weight - (int64_t)zeros.in * sums[lane];
        const int32_t folded = (int32_t)(flat - out->requant.centre[lane]);
        out->folded_bias[lane] = mn_wrap_add(bias ? bias[lanes.channel[lane]] : 0, folded);
    }
}

static void conv_pack(const mn_conv_params *p, const void *const *constants, mn_type type, void *packed) {
    for (int32_t i = 0; i < panel_count(&p->window); i++) {
        pack_panel(p, type, constants[1], constants[2], place_of(&p->window, i),
                   (panel *)(void *)((char *)packed + (size_t)i * panel_bytes(&p->window)));
    }
}

/* ---- Running -------------------------------------------------------------------------------------------- */

/* A panel against a span. */
typedef struct job {
    const panel *panel;
    place place;
    int32_t depth, out_c;
    int32_t weight_zero; /* centred: 0 for int8 */
    mn_range_i32 range;  /* centred */
    uint8_t out_flip;    /* makes centred results stored ones */
    const activation *rows;
    const int32_t *row_sums;
    uint8_t *out; /* of the span's first pixel and channel 0 */
} job;

/* Centred results of two pixels, clamped and stored; `second` may be `first` again, with the same output. */
Q8_INLINE void store_pixels(int vectors, const job *j, const __m256i *first, const __m256i *second, uint8_t *out,
                            ptrdiff_t stride) {
    __m256i words[2] = {_mm256_packs_epi32(first[0], first[vectors - 1]),
                        _mm256_packs_epi32(second[0], second[vectors - 1])};
    __m256i bytes = _mm256_packs_epi16(words[0], words[1]);
    /* Two vectors: the eight lower channels of both pixels, then the upper ones. One: the four lower channels of both
     * pixels, each four twice, then the upper ones. */
    if (vectors == VECTORS) {
        bytes = _mm256_permute4x64_epi64(bytes, 0xd8);
    } else {
        bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 0, 4, 2, 6, 2, 6));
    }
    bytes = q8_finish(bytes, j->range, j->out_flip);
    q8_store_part(out, _mm256_castsi256_si128(bytes), j->place.count);
    q8_store_part(out + stride, _mm256_extracti128_si256(bytes, 1), j->place.count);
}

/* Sums in memory: where this is needed, the code need not be as fast and so not as long. */
Q8_TARGET static void finish_exact(int rows, int vectors, const job *j, __m256i acc[ROWS][VECTORS], uint8_t *out) {
    for (int v = 0; v < vectors; v++) {
        const q8_exact e = q8_exact_of(&j->panel->requant, v);
        for (int r = 0; r < rows; r++) acc[r][v] = q8_requant_exact(acc[r][v], &e);
    }
    for (int r = 0; r < rows; r += 2, out += 2 * (ptrdiff_t)j->out_c) {
        const int more = r + 1 < rows;
        if (vectors == VECTORS) {
            store_pixels(VECTORS, j, acc[r], acc[r + more], out, more * j->out_c);
        } else {
            store_pixels(1, j, acc[r], acc[r + more], out, more * j->out_c);
        }
    }
}

Q8_INLINE void finish_float(int rows, int vectors, const job *j, __m256i acc[ROWS][VECTORS], uint8_t *out) {
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        Q8_UNROLL for (int r = 0; r < rows; r++) acc[r][v] = q8_requant_float(acc[r][v], &j->panel->requant, v);
    }
    Q8_UNROLL for (int r = 0; r < rows; r += 2) {
        const int more = r + 1 < rows;
        store_pixels(vectors, j, acc[r], acc[r + more], out + (ptrdiff_t)r * j->out_c, more * j->out_c);
    }
}

/* Constant `rows` and `vectors` let the compiler keep accumulators in registers. */
Q8_INLINE void run_tile(int rows, int vectors, const job *j, int32_t pixel) {
    __m256i acc[ROWS][VECTORS];
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        Q8_UNROLL for (int r = 0; r < rows; r++) acc[r][v] = q8_load(j->panel->folded_bias + v * Q8_LANES);
    }
    const ptrdiff_t stride = j->depth;
    const activation *in = j->rows + pixel * stride;
    const int8_t *weights = j->panel->weights;
    for (const activation *end = in + stride; in < end; in += GROUP, weights += LANES * GROUP) {
        __m256i w[VECTORS];
        Q8_UNROLL for (int v = 0; v < vectors; v++) w[v] = load_weights(weights + v * Q8_LANES * GROUP);
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            __m256i x = q8_four_bytes(in + r * stride);
            Q8_UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = q8_dot(acc[r][v], x, w[v]);
        }
    }
    if (j->weight_zero) {
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            __m256i row = _mm256_set1_epi32(j->row_sums[pixel + r]);
            __m256i extra = _mm256_mullo_epi32(row, _mm256_set1_epi32(j->weight_zero));
            Q8_UNROLL for (int v = 0; v < vectors; v++) acc[r][v] = _mm256_sub_epi32(acc[r][v], extra);
        }
    }
    uint8_t *out = j->out + (ptrdiff_t)pixel * j->out_c + j->place.first;
    if (j->panel->requant.is_float) {
        finish_float(rows, vectors, j, acc, out);
    } else {
        __m256i kept[ROWS][VECTORS]; /* apart, so that `acc` can stay in registers */
        Q8_UNROLL for (int r = 0; r < rows; r++) { Q8_UNROLL for (int v = 0; v < vectors; v++) kept[r][v] = acc[r][v]; }
        finish_exact(rows, vectors, j, kept, out);
    }
}

Q8_INLINE void run_rows(int rows, const job *j, int32_t pixel) {
    if (j->place.vectors == 1) {
        run_tile(rows, 1, j, pixel);
    } else {
        run_tile(rows, VECTORS, j, pixel);
    }
}

/* `count` pixels in tiles as equal as they can be: 49 pixels are 4 tiles of 6 and 5 of 5. */
Q8_TARGET static void run_panel(const job *j, int32_t count) {
    const int32_t tiles = (count + ROWS - 1) / ROWS;
    for (int32_t t = 0, pixel = 0, end; t < tiles; t++, pixel = end) {
        end = count * (t + 1) / tiles;
        switch (end - pixel) {
        case 6: run_rows(6, j, pixel); break;
        case 5: run_rows(5, j, pixel); break;
        case 4: run_rows(4, j, pixel); break;
        case 3: run_rows(3, j, pixel); break;
        case 2: run_rows(2, j, pixel); break;
        default: run_rows(1, j, pixel); break;
        }
    }
}

Q8_TARGET static void sum_rows(const activation *rows, int32_t depth, int32_t count, int32_t *sums) {
    for (int32_t i = 0; i < count; i++, rows += depth) {
        sums[i] = 0;
        for (int32_t k = 0; k < depth; k++) sums[i] += rows[k];
    }
}

static void conv_run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    const mn_q8_zeros zeros = q8_zeros_of(p, type);
    const span s = span_of(w);
    const bool is_input = mn_gather_is_input(w);
    uint8_t *gathered = (uint8_t *)task->workspace + s.gathered;
    int32_t *row_sums = (int32_t *)(void *)((uint8_t *)task->workspace + s.sums);
    job j = {.depth = mn_gather_depth(w),
             .out_c = w->out_c,
             .weight_zero = zeros.weight,
             .range = zeros.range,
             .out_flip = zeros.out_flip,
             .row_sums = row_sums};
    for (int32_t pixel = begin * w->out_w, last = end * w->out_w, count; pixel < last; pixel += count) {
        count = mn_min_i32(s.pixels, last - pixel);
        const uint8_t *in = task->inputs[0];
        if (!is_input) mn_gather(w, in, (uint8_t)(zeros.in ^ zeros.in_flip), pixel, count, gathered);
        in = is_input ? in + (ptrdiff_t)pixel * j.depth : gathered;
        j.rows = prepare(in, (ptrdiff_t)count * j.depth, type, task->workspace);
        if (zeros.weight) sum_rows(j.rows, j.depth, count, row_sums);
        j.out = (uint8_t *)task->output + (ptrdiff_t)pixel * w->out_c;
        for (int32_t i = 0; i < panel_count(w); i++) {
            j.panel = (const panel *)(const void *)((const char *)task->packed + (size_t)i * panel_bytes(w));
            j.place = place_of(w, i);
            run_panel(&j, count);
        }
    }
}

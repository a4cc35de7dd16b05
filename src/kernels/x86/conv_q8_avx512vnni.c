/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 convolution for AVX-512 VNNI. VPDPBUSD multiplies unsigned by signed bytes, so activations are stored
 * plus 128 when signed, and weights minus 128 when unsigned; what that adds is taken off in the starting sums and, for
 * uint8 weights, by the sum of each pixel's activations. Tiles of up to 8 pixels x 48 channels, 24 accumulators; a
 * single pixel takes 128 channels at a time, as many streams of weights as keep memory busy. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#include "base/checked.h"
#include "kernels/quant.h"
#include "kernels/x86/gather.h"
#include "kernels/x86/interleave.h"
#include "kernels/x86/q8_avx512.h"

enum { ROWS = 8, COLUMNS = 3, STREAMS = 8, LANES = MN_REQUANT_LANES };

/* Gathered pixels stay within this many bytes, half of L1. */
enum { SPAN_BYTES = 16 * 1024, SPAN_PIXELS = 56 };

/* 16 output channels: what sums start from, how they end, then depth / 4 groups of [16 channels][4 products]. */
typedef struct column {
    int32_t start[LANES];
    mn_requant requant;
    _Alignas(64) int8_t weights[];
} column;

/* What a tile needs to know of the whole. */
typedef struct job {
    const column *columns;
    size_t stride; /* bytes from column to column */
    int32_t depth, out_c;
    int32_t weight_zero; /* centred: 0 for int8 */
    mn_range_i32 range;  /* centred */
    uint8_t out_flip;    /* makes centred results stored ones */
    const uint8_t *rows; /* activations of each pixel as unsigned bytes */
    const int32_t *row_sums;
    uint8_t *out;
} job;

static size_t column_bytes(const mn_window *w) {
    return mn_round_up(sizeof(column) + (size_t)mn_gather_depth(w) * LANES, 64);
}

static int32_t column_count(const mn_window *w) { return (w->out_c + LANES - 1) / LANES; }

static int32_t span_pixels(int32_t depth) { return mn_clamp_i32(SPAN_BYTES / depth, ROWS, SPAN_PIXELS); }

bool mn_conv_q8_avx512vnni_need(const void *params, mn_kernel_need *need) {
    const mn_conv_params *p = params;
    const mn_window *w = &p->window;
    int64_t depth = (int64_t)w->k_h * w->k_w * w->in_c;
    if (p->groups != 1 || depth > MN_Q8_MAX_DEPTH || !mn_requant_fits(p->shift, w->out_c)) return false;
    size_t pixels = (size_t)span_pixels(mn_gather_depth(w));
    need->packed_bytes = column_bytes(w) * (size_t)column_count(w);
    need->scratch_bytes = pixels * (size_t)mn_gather_depth(w) + pixels * sizeof(int32_t);
    return true;
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

static void pack_column(const mn_q8_source *s, int32_t first, column *out) {
    const mn_requant_lanes lanes = mn_q8_fill_requant(s, first, NULL, &out->requant);
    const uint8_t *rows[LANES];
    int32_t sums[LANES] = {0};
    for (int32_t lane = 0; lane < LANES; lane++) rows[lane] = s->weights + (ptrdiff_t)lanes.channel[lane] * s->depth;
    mn_interleave(rows, s->depth, s->zeros.weight_flip, 4 * LANES, out->weights, sums);
    for (int32_t lane = 0; lane < LANES; lane++) {
        out->start[lane] = mn_q8_start(s, lanes.channel[lane], sums[lane], out->requant.centre[lane]);
    }
}

static void pack(const void *params, const void *const *constants, mn_type type, void *packed) {
    const mn_conv_params *p = params;
    const mn_q8_source source = mn_q8_conv_source(p, type, constants[1], constants[2]);
    for (int32_t i = 0; i < column_count(&p->window); i++) {
        pack_column(&source, i * LANES, (column *)(void *)((char *)packed + (size_t)i * column_bytes(&p->window)));
    }
}

void mn_conv_i8_avx512vnni_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_INT8, packed);
}

void mn_conv_u8_avx512vnni_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_UINT8, packed);
}

/* ---- Running -------------------------------------------------------------------------------------------- */

Q8_INLINE __m512i four_bytes(const uint8_t *p) {
    int32_t word;
    memcpy(&word, p, sizeof word);
    return _mm512_set1_epi32(word);
}

typedef struct tile {
    __m512i sums[STREAMS][ROWS];
    int32_t pixel, index; /* of the first pixel and the first column */
} tile;

/* Sums of a tile to stored bytes. */
Q8_TARGET static void finish(const job *shared, tile *t, int32_t rows, int32_t columns) {
    const job j = *shared; /* nothing that is written can change it */
    for (int32_t i = 0; i < columns; i++) {
        const column *c = (const column *)(const void *)((const char *)j.columns + (size_t)(t->index + i) * j.stride);
        const int32_t channel = (t->index + i) * LANES;
        const __mmask16 lanes = mn_q8_lanes(j.out_c - channel);
        __m512i *sums = t->sums[i];
        for (int32_t r = 0; r < rows && j.weight_zero; r++) {
            const int32_t over = mn_q8_product(j.weight_zero, j.row_sums[t->pixel + r]);
            sums[r] = _mm512_sub_epi32(sums[r], _mm512_set1_epi32(over));
        }
        uint8_t *out = j.out + (ptrdiff_t)t->pixel * j.out_c + channel;
        for (int32_t r = 0; r < rows; r += 4, sums += 4) {
            mn_q8_requant_some(4, sums, &c->requant);
            const __m512i bytes = mn_q8_narrow_4(sums[0], sums[1], sums[2], sums[3]);
            mn_q8_store_4(mn_q8_finish_64(bytes, j.range, j.out_flip), rows - r, lanes, out + r * j.out_c, j.out_c);
        }
    }
}

/* Constant `rows` and `columns` let the compiler keep the sums in registers. */
Q8_INLINE void run_tile(int rows, int columns, const job *j, int32_t pixel, int32_t index) {
    const char *first = (const char *)j->columns + (size_t)index * j->stride;
    const column *c[STREAMS];
    __m512i sums[STREAMS][ROWS];
    Q8_UNROLL for (int i = 0; i < columns; i++) {
        c[i] = (const column *)(const void *)(first + (size_t)i * j->stride);
        Q8_UNROLL for (int r = 0; r < rows; r++) sums[i][r] = _mm512_loadu_si512(c[i]->start);
    }
    const uint8_t *in = j->rows + (ptrdiff_t)pixel * j->depth;
    for (int32_t k = 0; k < j->depth; k += 4) {
        __m512i weights[STREAMS];
        Q8_UNROLL for (int i = 0; i < columns; i++) weights[i] = _mm512_loadu_si512(c[i]->weights + k * LANES);
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            const __m512i x = four_bytes(in + (ptrdiff_t)r * j->depth + k);
            Q8_UNROLL for (int i = 0; i < columns; i++) sums[i][r] = _mm512_dpbusd_epi32(sums[i][r], x, weights[i]);
        }
    }
    tile t;
    t.pixel = pixel, t.index = index;
    Q8_UNROLL for (int i = 0; i < columns; i++) { Q8_UNROLL for (int r = 0; r < rows; r++) t.sums[i][r] = sums[i][r]; }
    finish(j, &t, rows, columns);
}

/* `count` pixels in tiles as equal as they can be: 49 pixels are 7 tiles of 7. */
Q8_INLINE void run_columns(int columns, const job *j, int32_t count, int32_t index) {
    const int32_t tiles = (count + ROWS - 1) / ROWS;
    for (int32_t t = 0, pixel = 0; t < tiles; t++) {
        const int32_t end = count * (t + 1) / tiles;
        switch (end - pixel) {
        case 8: run_tile(8, columns, j, pixel, index); break;
        case 7: run_tile(7, columns, j, pixel, index); break;
        case 6: run_tile(6, columns, j, pixel, index); break;
        case 5: run_tile(5, columns, j, pixel, index); break;
        case 4: run_tile(4, columns, j, pixel, index); break;
        case 3: run_tile(3, columns, j, pixel, index); break;
        case 2: run_tile(2, columns, j, pixel, index); break;
        default: run_tile(1, columns, j, pixel, index); break;
        }
        pixel = end;
    }
}

/* Columns one after another, so that their weights stay near for all pixels of a span. */
Q8_TARGET static void run_span(const job *j, int32_t count) {
    const int32_t columns = (j->out_c + LANES - 1) / LANES;
    int32_t i = 0;
    for (; count == 1 && i + STREAMS <= columns; i += STREAMS) run_tile(1, STREAMS, j, 0, i);
    for (; i + COLUMNS <= columns; i += COLUMNS) run_columns(COLUMNS, j, count, i);
    for (; i < columns; i++) run_columns(1, j, count, i);
}

Q8_TARGET static void sum_rows(const uint8_t *rows, int32_t depth, int32_t count, int32_t *sums) {
    for (int32_t i = 0; i < count; i++, rows += depth) {
        sums[i] = 0;
        for (int32_t k = 0; k < depth; k++) sums[i] += rows[k];
    }
}

/* `from` may be `to`. */
Q8_TARGET static void flip_bytes(const uint8_t *from, size_t bytes, uint8_t flip, uint8_t *to) {
    const __m512i v = _mm512_set1_epi8((char)flip);
    for (size_t i = 0; i < bytes; i += 64) {
        const __mmask64 there = mn_q8_bytes(bytes - i);
        _mm512_mask_storeu_epi8(to + i, there, _mm512_xor_si512(_mm512_maskz_loadu_epi8(there, from + i), v));
    }
}

static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    const mn_q8_zeros zeros = mn_q8_zeros_of(p, type);
    const int32_t depth = mn_gather_depth(w), most = span_pixels(depth);
    const uint8_t *in = task->inputs[0];
    uint8_t *gathered = task->scratch;
    int32_t *row_sums = (int32_t *)(void *)(gathered + (ptrdiff_t)most * depth);
    job j = {.columns = task->packed,
             .stride = column_bytes(w),
             .depth = depth,
             .out_c = w->out_c,
             .weight_zero = zeros.weight,
             .range = zeros.range,
             .out_flip = zeros.out_flip,
             .row_sums = row_sums};
    const int32_t pixels = (end - begin) * w->out_w, spans = (pixels + most - 1) / most;
    for (int32_t i = 0, done = 0; i < spans; i++) {
        const int32_t count = (int32_t)((int64_t)pixels * (i + 1) / spans) - done, pixel = begin * w->out_w + done;
        const size_t bytes = (size_t)count * (size_t)depth;
        const uint8_t *rows = mn_gather_is_input(w) ? in + (ptrdiff_t)pixel * depth : gathered;
        if (rows == gathered) mn_gather(w, in, (uint8_t)(zeros.in ^ zeros.in_flip), pixel, count, gathered);
        if (zeros.in_flip) flip_bytes(rows, bytes, zeros.in_flip, gathered);
        j.rows = zeros.in_flip ? gathered : rows;
        if (zeros.weight) sum_rows(j.rows, depth, count, row_sums);
        j.out = (uint8_t *)task->output + (ptrdiff_t)pixel * w->out_c;
        run_span(&j, count);
        done += count;
    }
}

void mn_conv_i8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_conv_u8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif

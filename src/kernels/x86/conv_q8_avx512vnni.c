/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 convolution for AVX-512 VNNI. VPDPBUSD multiplies unsigned by signed bytes, so activations are stored
 * plus 128 when signed, and weights minus 128 when unsigned; what that adds is taken off in the starting sums and, for
 * uint8 weights, by the sum of each pixel's activations. Tiles of up to 8 pixels x 32 channels, 16 accumulators. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#include "base/checked.h"
#include "kernels/quant.h"
#include "kernels/x86/gather.h"
#include "kernels/x86/interleave.h"
#include "kernels/x86/q8_avx512.h"

enum { ROWS = 8, COLUMNS = 2, LANES = MN_REQUANT_LANES };

/* Gathered pixels stay within this many bytes, half of L1. */
enum { SPAN_BYTES = 16 * 1024, SPAN_PIXELS = 56 };

/* 16 output channels: what sums start from, how they end, then depth / 4 groups of [16 channels][4 products]. */
typedef struct column {
    int32_t start[LANES];
    mn_requant requant;
    int8_t weights[];
} column;

/* What a tile needs to know of the whole. */
typedef struct job {
    const column *columns;
    size_t stride; /* bytes from column to column */
    int32_t depth, out_c;
    int32_t weight_zero; /* centred: 0 for int8 */
    mn_range_i32 range;  /* centred */
    uint8_t in_flip;     /* makes stored activations unsigned */
    uint8_t out_flip;    /* makes centred results stored ones */
    const uint8_t *rows; /* stored activations of each pixel */
    const int32_t *row_sums;
    uint8_t *out;
} job;

static size_t column_bytes(const mn_window *w) {
    return mn_round_up(sizeof(column) + (size_t)mn_gather_depth(w) * LANES, 64);
}

static int32_t column_count(const mn_window *w) { return (w->out_c + LANES - 1) / LANES; }

static int32_t span_pixels(int32_t depth) { return mn_clamp_i32(SPAN_BYTES / depth / ROWS * ROWS, ROWS, SPAN_PIXELS); }

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

static void pack_column(const mn_conv_params *p, mn_type type, const uint8_t *weights, const int32_t *bias,
                        int32_t first, column *out) {
    const mn_window *w = &p->window;
    const mn_q8_zeros zeros = mn_q8_zeros_of(p, type);
    const int32_t k = w->k_h * w->k_w * w->in_c;
    const mn_requant_lanes lanes = mn_requant_lanes_of(first, w->out_c, NULL);
    mn_requant_fill(&out->requant, &lanes, p->multiplier, p->shift, bias, zeros.out, zeros.range);
    mn_requant_patch(&out->requant, zeros.range);
    const uint8_t *rows[LANES];
    int32_t sums[LANES] = {0};
    for (int32_t lane = 0; lane < LANES; lane++) rows[lane] = weights + (ptrdiff_t)lanes.channel[lane] * k;
    mn_interleave(rows, k, zeros.weight_flip, 4 * LANES, out->weights, sums);
    for (int32_t lane = 0; lane < LANES; lane++) {
        const int64_t products = (int64_t)k * zeros.in * zeros.weight - (int64_t)zeros.in * sums[lane];
        const int64_t start = products - out->requant.centre[lane];
        out->start[lane] = mn_wrap_add(bias ? bias[lanes.channel[lane]] : 0, (int32_t)start);
    }
}

static void pack(const void *params, const void *const *constants, mn_type type, void *packed) {
    const mn_conv_params *p = params;
    for (int32_t i = 0; i < column_count(&p->window); i++) {
        pack_column(p, type, constants[1], constants[2], i * LANES,
                    (column *)(void *)((char *)packed + (size_t)i * column_bytes(&p->window)));
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

/* Constant `rows` and `columns` let the compiler keep the sums in registers. */
Q8_INLINE void run_tile(int rows, int columns, const job *j, int32_t pixel, int32_t index) {
    const column *first = (const column *)(const void *)((const char *)j->columns + (size_t)index * j->stride);
    const column *second = (const column *)(const void *)((const char *)first + j->stride);
    const column *const c[COLUMNS] = {first, columns > 1 ? second : first};
    __m512i sums[ROWS][COLUMNS];
    Q8_UNROLL for (int i = 0; i < columns; i++) {
        Q8_UNROLL for (int r = 0; r < rows; r++) sums[r][i] = _mm512_loadu_si512(c[i]->start);
    }
    const uint8_t *in = j->rows + (ptrdiff_t)pixel * j->depth;
    const __m512i flip = _mm512_set1_epi8((char)j->in_flip);
    for (int32_t k = 0; k < j->depth; k += 4) {
        __m512i weights[COLUMNS];
        Q8_UNROLL for (int i = 0; i < columns; i++) weights[i] = _mm512_loadu_si512(c[i]->weights + k * LANES);
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            __m512i x = _mm512_xor_si512(four_bytes(in + (ptrdiff_t)r * j->depth + k), flip);
            Q8_UNROLL for (int i = 0; i < columns; i++) sums[r][i] = _mm512_dpbusd_epi32(sums[r][i], x, weights[i]);
        }
    }
    Q8_UNROLL for (int i = 0; i < columns; i++) {
        const int32_t channel = (index + i) * LANES;
        const __mmask16 lanes = mn_q8_lanes(j->out_c - channel);
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            __m512i sum = sums[r][i];
            if (j->weight_zero) {
                sum = _mm512_sub_epi32(sum, _mm512_set1_epi32(mn_q8_product(j->weight_zero, j->row_sums[pixel + r])));
            }
            __m128i bytes = mn_q8_store(sum, &c[i]->requant, j->range, j->out_flip);
            _mm_mask_storeu_epi8(j->out + (ptrdiff_t)(pixel + r) * j->out_c + channel, lanes, bytes);
        }
    }
}

Q8_INLINE void run_rows(int rows, const job *j, int32_t pixel) {
    int32_t count = (j->out_c + LANES - 1) / LANES, i = 0;
    for (; i + COLUMNS <= count; i += COLUMNS) run_tile(rows, COLUMNS, j, pixel, i);
    if (i < count) run_tile(rows, 1, j, pixel, i);
}

Q8_TARGET static void run_some(int32_t rows, const job *j, int32_t pixel) {
    switch (rows) {
    case 8: run_rows(8, j, pixel); break;
    case 7: run_rows(7, j, pixel); break;
    case 6: run_rows(6, j, pixel); break;
    case 5: run_rows(5, j, pixel); break;
    case 4: run_rows(4, j, pixel); break;
    case 3: run_rows(3, j, pixel); break;
    case 2: run_rows(2, j, pixel); break;
    default: run_rows(1, j, pixel); break;
    }
}

/* `count` gathered pixels in tiles as equal as they can be: 49 pixels are 7 tiles of 7. */
Q8_TARGET static void run_span(const job *j, int32_t count) {
    int32_t tiles = (count + ROWS - 1) / ROWS;
    for (int32_t t = 0, pixel = 0; t < tiles; t++) {
        int32_t end = count * (t + 1) / tiles;
        run_some(end - pixel, j, pixel);
        pixel = end;
    }
}

Q8_TARGET static void sum_rows(const uint8_t *rows, int32_t depth, int32_t count, int32_t *sums) {
    for (int32_t i = 0; i < count; i++, rows += depth) {
        sums[i] = 0;
        for (int32_t k = 0; k < depth; k++) sums[i] += rows[k];
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
             .in_flip = zeros.in_flip,
             .out_flip = zeros.out_flip,
             .row_sums = row_sums};
    for (int32_t pixel = begin * w->out_w, last = end * w->out_w; pixel < last; pixel += most) {
        int32_t count = mn_min_i32(most, last - pixel);
        j.rows = mn_gather_is_input(w) ? in + (ptrdiff_t)pixel * depth : gathered;
        if (j.rows == gathered) mn_gather(w, in, (uint8_t)(zeros.in ^ zeros.in_flip), pixel, count, gathered);
        if (zeros.weight) sum_rows(j.rows, depth, count, row_sums);
        j.out = (uint8_t *)task->output + (ptrdiff_t)pixel * w->out_c;
        run_span(&j, count);
    }
}

void mn_conv_i8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_conv_u8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif

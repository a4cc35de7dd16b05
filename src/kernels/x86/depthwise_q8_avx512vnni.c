/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 3x3 depthwise convolution of multiplier 1 for AVX-512 VNNI, 64 channels at a time. The three rows under the filter
 * are interleaved so that each channel's column of the image, [top, middle, bottom, 0], is one 32-bit lane; VPDPBUSD
 * then takes a column of the filter in one step, and a column of the image serves every output that meets it.
 * Interleaving (unpack) and narrowing (pack) reorder channels in opposite ways: between them, lane e of 128-bit part l
 * of vector q holds channel 16 l + 4 q + e. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#include "base/checked.h"
#include "kernels/portable/window.h"
#include "kernels/quant.h"
#include "kernels/x86/q8_avx512.h"

enum { TAPS = 3, BLOCK = 64, VECTORS = 4, LANES = MN_REQUANT_LANES };

/* Filter columns of 64 channels. uint8 weights less their zero point may need 9 bits: they are the sum of two bytes. */
typedef struct block {
    int8_t weights[TAPS][VECTORS][BLOCK];
    int8_t rest[TAPS][VECTORS][BLOCK];
    int32_t folded_bias[VECTORS][LANES];
    mn_requant requant[VECTORS];
} block;

/* Channel, relative to the block, of lane `lane` of vector `q`. */
static int32_t channel_of(int32_t q, int32_t lane) { return 16 * (lane / 4) + 4 * q + lane % 4; }

static int32_t block_count(const mn_window *w) { return (w->out_c + BLOCK - 1) / BLOCK; }

static bool depthwise_i8_need(const void *params, mn_kernel_need *need) {
    const mn_conv_params *p = params;
    const mn_window *w = &p->window;
    if (w->k_h != TAPS || w->k_w != TAPS || w->dilation_h != 1 || w->dilation_w != 1) return false;
    if (w->out_c != w->in_c || !mn_requant_fits(p->shift, w->out_c)) return false;
    *need = (mn_kernel_need){.packed_bytes = sizeof(block) * (size_t)block_count(w)};
    return true;
}

/* 255 less a zero point of 0 is more than two signed bytes can hold. */
static bool depthwise_u8_need(const void *params, mn_kernel_need *need) {
    return ((const mn_conv_params *)params)->weight_zero > 0 && depthwise_i8_need(params, need);
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

static void pack_lane(const mn_q8_source *s, int32_t channel, int32_t q, int32_t lane, block *out) {
    int32_t sum = 0;
    for (int32_t i = 0; i < TAPS * TAPS; i++) {
        const uint8_t stored = s->weights[i * s->stride + channel];
        const int32_t value = (int8_t)(stored ^ s->zeros.weight_flip) - s->zeros.weight;
        const int32_t byte = mn_clamp_i32(value, -128, 127);
        out->weights[i % TAPS][q][lane * 4 + i / TAPS] = (int8_t)byte;
        out->rest[i % TAPS][q][lane * 4 + i / TAPS] = (int8_t)(value - byte);
        sum += value;
    }
    const int32_t folded = -s->zeros.in * sum - out->requant[q].centre[lane];
    out->folded_bias[q][lane] = mn_wrap_add(s->bias ? s->bias[channel] : 0, folded);
}

static void pack_block(const mn_q8_source *s, int32_t first, block *out) {
    memset(out, 0, sizeof *out);
    for (int32_t q = 0; q < VECTORS; q++) {
        int32_t order[LANES];
        for (int32_t lane = 0; lane < LANES; lane++) order[lane] = channel_of(q, lane);
        const mn_requant_lanes lanes = mn_q8_fill_requant(s, first, order, &out->requant[q]);
        for (int32_t lane = 0; lane < LANES; lane++) pack_lane(s, lanes.channel[lane], q, lane, out);
    }
}

static void pack(const void *params, const void *const *constants, mn_type type, block *out) {
    const mn_conv_params *p = params;
    const mn_q8_source source = mn_q8_depthwise_source(p, type, constants[1], constants[2]);
    for (int32_t i = 0; i < block_count(&p->window); i++) pack_block(&source, i * BLOCK, &out[i]);
}

static void depthwise_i8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_INT8, packed);
}

const mn_kernel_traits mn_depthwise_i8_avx512vnni_traits = {
    .need = depthwise_i8_need, .pack = depthwise_i8_pack, .rings = true};

static void depthwise_u8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_UINT8, packed);
}

const mn_kernel_traits mn_depthwise_u8_avx512vnni_traits = {
    .need = depthwise_u8_need, .pack = depthwise_u8_pack, .rings = true};

/* ---- Running -------------------------------------------------------------------------------------------- */

/* One output row of one block. */
typedef struct strip {
    const mn_window *w;
    const block *b;
    const uint8_t *rows[TAPS]; /* column 0 of each image row, at the block's first channel; NULL outside the image */
    __mmask64 channels;
    mn_q8_zeros zeros;
    bool has_rest;
} strip;

/* A column of the image, interleaved. */
typedef struct column {
    __m512i v[VECTORS];
} column;

Q8_INLINE __m512i load_cell(const strip *s, int row, int32_t x) {
    if (s->rows[row] == NULL || x < 0 || x >= s->w->in_w) return _mm512_set1_epi8((char)s->zeros.in);
    __m512i stored = _mm512_maskz_loadu_epi8(s->channels, s->rows[row] + (ptrdiff_t)x * s->w->in_c);
    return _mm512_xor_si512(stored, _mm512_set1_epi8((char)s->zeros.in_flip));
}

Q8_INLINE column load_column(const strip *s, int32_t x) {
    __m512i top = load_cell(s, 0, x), middle = load_cell(s, 1, x), bottom = load_cell(s, 2, x);
    __m512i none = _mm512_setzero_si512();
    __m512i low = _mm512_unpacklo_epi8(top, middle), high = _mm512_unpackhi_epi8(top, middle);
    __m512i low_rest = _mm512_unpacklo_epi8(bottom, none), high_rest = _mm512_unpackhi_epi8(bottom, none);
    return (column){{_mm512_unpacklo_epi16(low, low_rest), _mm512_unpackhi_epi16(low, low_rest),
                     _mm512_unpacklo_epi16(high, high_rest), _mm512_unpackhi_epi16(high, high_rest)}};
}

Q8_INLINE __m512i dot_columns(const strip *s, const column *a, const column *b, const column *c, int q) {
    __m512i acc = _mm512_loadu_si512(s->b->folded_bias[q]);
    acc = _mm512_dpbusd_epi32(acc, a->v[q], _mm512_loadu_si512(s->b->weights[0][q]));
    acc = _mm512_dpbusd_epi32(acc, b->v[q], _mm512_loadu_si512(s->b->weights[1][q]));
    acc = _mm512_dpbusd_epi32(acc, c->v[q], _mm512_loadu_si512(s->b->weights[2][q]));
    if (!s->has_rest) return acc;
    acc = _mm512_dpbusd_epi32(acc, a->v[q], _mm512_loadu_si512(s->b->rest[0][q]));
    acc = _mm512_dpbusd_epi32(acc, b->v[q], _mm512_loadu_si512(s->b->rest[1][q]));
    return _mm512_dpbusd_epi32(acc, c->v[q], _mm512_loadu_si512(s->b->rest[2][q]));
}

Q8_INLINE void store_output(const strip *s, const column *a, const column *b, const column *c, uint8_t *out) {
    __m512i q[VECTORS];
    Q8_UNROLL for (int i = 0; i < VECTORS; i++) { q[i] = mn_q8_requant(dot_columns(s, a, b, c, i), &s->b->requant[i]); }
    __m512i low = _mm512_packs_epi32(q[0], q[1]), high = _mm512_packs_epi32(q[2], q[3]);
    __m512i bytes = mn_q8_finish_64(_mm512_packs_epi16(low, high), s->zeros.range, s->zeros.out_flip);
    _mm512_mask_storeu_epi8(out, s->channels, bytes);
}

Q8_TARGET static void run_strip(const strip *s, uint8_t *out) {
    const mn_window *w = s->w;
    int32_t x = -w->pad_left;
    column a = load_column(s, x), b = load_column(s, x + 1), c;
    for (int32_t i = 0; i < w->out_w; i++, out += w->out_c) {
        c = load_column(s, x + 2);
        store_output(s, &a, &b, &c, out);
        x += w->stride_w;
        if (w->stride_w == 1) {
            a = b;
            b = c;
        } else if (w->stride_w == 2) {
            a = c;
            b = load_column(s, x + 1);
        } else {
            a = load_column(s, x);
            b = load_column(s, x + 1);
        }
    }
}

Q8_TARGET static void run_row(const mn_task *task, const mn_q8_zeros *zeros, int32_t unit) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    const block *blocks = task->packed;
    const int64_t top = (int64_t)(unit % w->out_h) * w->stride_h - w->pad_top;
    for (int32_t i = 0; i < block_count(w); i++) {
        const int32_t first = i * BLOCK, left = w->out_c - first;
        strip s = {.w = w, .b = &blocks[i], .zeros = *zeros, .has_rest = zeros->weight != 0};
        s.channels = left >= BLOCK ? ~(__mmask64)0 : ((__mmask64)1 << left) - 1;
        for (int32_t y = 0; y < TAPS; y++) {
            if (top + y < 0 || top + y >= w->in_h) continue;
            s.rows[y] = (const uint8_t *)task->inputs[0] +
                        mn_input_offset(w, task->in_ring, unit / w->out_h, top + y, 0) + first;
        }
        run_strip(&s, (uint8_t *)task->output + mn_output_offset(w, task->out_ring, unit) + first);
    }
}

static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_q8_zeros zeros = mn_q8_zeros_of(task->params, type);
    for (int32_t unit = begin; unit < end; unit++) run_row(task, &zeros, unit);
}

void mn_depthwise_i8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_depthwise_u8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif

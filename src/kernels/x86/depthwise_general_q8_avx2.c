/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Depthwise convolution of int8 and uint8 for AVX2 with any filter, stride, dilation and multiplier: 16 channels of one
 * pixel at a time, two taps interleaved for each product. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "base/checked.h"
#include "kernels/portable/window.h"
#include "kernels/quant.h"
#include "kernels/x86/q8_avx2.h"

enum { BLOCK = 16, VECTORS = BLOCK / Q8_LANES, PAIR = 2 * BLOCK };

/* 16 channels. Weights, less their zero point, are in pairs of taps: [pairs][VECTORS][8 channels][2 taps]. */
typedef struct block {
    int32_t folded_bias[VECTORS][Q8_LANES];
    mn_requant requant;
    _Alignas(32) int16_t weights[];
} block;

static int32_t tap_count(const mn_window *w) { return w->k_h * w->k_w; }

static int32_t pair_count(const mn_window *w) { return (tap_count(w) + 1) / 2; }

static int32_t block_count(const mn_window *w) { return (w->out_c + BLOCK - 1) / BLOCK; }

static size_t block_bytes(const mn_window *w) {
    return mn_round_up(sizeof(block) + (size_t)pair_count(w) * PAIR * sizeof(int16_t), 64);
}

/* The last block overlaps its neighbour rather than end early. */
static int32_t block_first(const mn_window *w, int32_t index) {
    return mn_max_i32(0, mn_min_i32(index * BLOCK, w->out_c - BLOCK));
}

/* Where every channel has a neighbour as its own in the output, cells are read where they are; elsewhere they are laid
 * out in rows of this many bytes. */
static size_t row_bytes(const mn_window *w) { return (size_t)mn_max_i32(BLOCK, w->out_c); }

static bool is_spread(const mn_window *w) { return w->out_c != w->in_c || w->out_c < BLOCK; }

/* Workspace: a pointer to each tap's cell, zero points, then rows. */
static size_t pointer_bytes(const mn_window *w) { return 2 * (size_t)pair_count(w) * sizeof(const uint8_t *); }

static bool depthwise_general_q8_need(const void *params, mn_kernel_need *need) {
    const mn_conv_params *p = params;
    const mn_window *w = &p->window;
    if ((int64_t)w->k_h * w->k_w > MN_Q8_MAX_DEPTH || !mn_requant_fits(p->shift, w->out_c)) return false;
    const size_t rows = is_spread(w) ? 1 + (size_t)tap_count(w) : 1;
    *need = (mn_kernel_need){.packed_bytes = block_bytes(w) * (size_t)block_count(w),
                             .workspace_bytes = pointer_bytes(w) + rows * row_bytes(w)};
    return true;
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

static void pack_lane(const mn_conv_params *p, const mn_q8_zeros *zeros, const void *const *constants, int32_t channel,
                      int32_t lane, block *out) {
    const uint8_t *weights = constants[1];
    const int32_t *bias = constants[2];
    int64_t sum = 0;
    for (int32_t t = 0; t < tap_count(&p->window); t++) {
        const uint8_t stored = weights[(ptrdiff_t)t * p->window.out_c + channel];
        const int16_t weight = (int16_t)((int8_t)(stored ^ zeros->weight_flip) - zeros->weight);
        out->weights[(ptrdiff_t)(t / 2) * PAIR + lane * 2 + t % 2] = weight;
        sum += weight;
    }
    const int32_t folded = (int32_t)(-zeros->in * sum) - out->requant.centre[lane];
    out->folded_bias[lane / Q8_LANES][lane % Q8_LANES] = mn_wrap_add(bias ? bias[channel] : 0, folded);
}

static void pack(const mn_conv_params *p, const void *const *constants, mn_type type, uint8_t *packed) {
    const mn_window *w = &p->window;
    const mn_q8_zeros zeros = q8_zeros_of(p, type);
    for (int32_t i = 0; i < block_count(w); i++) {
        block *b = (block *)(void *)(packed + (size_t)i * block_bytes(w));
        memset(b, 0, block_bytes(w));
        const mn_requant_lanes lanes = mn_requant_lanes_of(block_first(w, i), w->out_c, q8_unpacked_order);
        mn_requant_fill(&b->requant, &lanes, p->multiplier, p->shift, constants[2], zeros.out, zeros.range);
        for (int32_t lane = 0; lane < BLOCK; lane++) pack_lane(p, &zeros, constants, lanes.channel[lane], lane, b);
    }
}

static void depthwise_general_i8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_INT8, packed);
}

const mn_kernel_traits mn_depthwise_general_i8_avx2_traits = {
    .need = depthwise_general_q8_need, .pack = depthwise_general_i8_pack, .rings = true};

static void depthwise_general_u8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_UINT8, packed);
}

const mn_kernel_traits mn_depthwise_general_u8_avx2_traits = {
    .need = depthwise_general_q8_need, .pack = depthwise_general_u8_pack, .rings = true};

/* ---- Running -------------------------------------------------------------------------------------------- */

typedef struct job {
    const mn_window *w;
    const uint8_t *image;
    int32_t ring;          /* rows that it holds; 0: all */
    const uint8_t **cells; /* of each tap, channel 0; one more when taps are odd */
    uint8_t *outside;      /* zero points of a row */
    uint8_t *rows;         /* of spread cells */
    mn_type type;
    mn_q8_zeros zeros;
} job;

/* Each channel as often as the output has it. */
static void spread(const mn_window *w, const uint8_t *from, uint8_t *to) {
    const int32_t times = w->out_c / w->in_c;
    if (times == 1) {
        memcpy(to, from, (size_t)w->in_c);
    } else {
        for (int32_t c = 0; c < w->in_c; c++, to += times) memset(to, from[c], (size_t)times);
    }
}

static void find_cells(const job *j, int32_t unit, int32_t x) {
    const mn_window *w = j->w;
    const mn_taps rows = mn_window_rows(w, unit), cols = mn_window_cols(w, x);
    for (int32_t t = 0; t < 2 * pair_count(w); t++) j->cells[t] = j->outside;
    for (int32_t ky = rows.begin; ky < rows.end; ky++) {
        for (int32_t kx = cols.begin; kx < cols.end; kx++) {
            const int32_t t = ky * w->k_w + kx;
            j->cells[t] = j->image + mn_window_at(w, j->ring, unit, rows, ky, cols, kx);
            if (!is_spread(w)) continue;
            uint8_t *row = j->rows + (size_t)t * row_bytes(w);
            spread(w, j->cells[t], row);
            j->cells[t] = row;
        }
    }
}

Q8_TARGET static void run_block(const job *j, const block *b, int32_t first, uint8_t *out) {
    __m256i acc[VECTORS] = {q8_load(b->folded_bias[0]), q8_load(b->folded_bias[1])};
    const int16_t *weights = b->weights;
    for (int32_t i = 0; i < pair_count(j->w); i++, weights += PAIR) {
        __m256i x = q8_widen(j->cells[2 * i] + first, j->type), y = q8_widen(j->cells[2 * i + 1] + first, j->type);
        acc[0] = q8_dot(acc[0], _mm256_unpacklo_epi16(x, y), q8_load(weights));
        acc[1] = q8_dot(acc[1], _mm256_unpackhi_epi16(x, y), q8_load(weights + BLOCK));
    }
    for (int v = 0; v < VECTORS; v++) acc[v] = q8_requant(acc[v], &b->requant, v);
    q8_store_block(acc, j->zeros.range, j->zeros.out_flip, mn_min_i32(BLOCK, j->w->out_c), out);
}

static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    job j = {.w = w,
             .image = task->inputs[0],
             .ring = task->in_ring,
             .cells = task->workspace,
             .type = type,
             .zeros = q8_zeros_of(p, type)};
    j.outside = (uint8_t *)task->workspace + pointer_bytes(w);
    j.rows = j.outside + row_bytes(w);
    memset(j.outside, p->in_zero, row_bytes(w));
    for (int32_t unit = begin; unit < end; unit++) {
        uint8_t *out = (uint8_t *)task->output + mn_output_offset(w, task->out_ring, unit);
        for (int32_t x = 0; x < w->out_w; x++, out += w->out_c) {
            find_cells(&j, unit, x);
            for (int32_t i = 0; i < block_count(w); i++) {
                const int32_t first = block_first(w, i);
                const void *b = (const uint8_t *)task->packed + (size_t)i * block_bytes(w);
                run_block(&j, b, first, out + first);
            }
        }
    }
}

void mn_depthwise_general_i8_avx2(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_depthwise_general_u8_avx2(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif

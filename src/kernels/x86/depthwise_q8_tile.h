/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 3x3 depthwise convolution of multiplier 1 with 256-bit vectors, BLOCK channels at a time. The three rows under the
 * filter are interleaved so that each channel's column of the image, [top, middle, bottom, 0], lies in one 32-bit lane
 * of PARTS vectors (Q8_GROUP of the four in each); a column of the image then serves every output that meets it.
 * Interleaving (unpack) and narrowing (pack) reorder channels in opposite ways.
 *
 * The including file has the arithmetic (q8_avx2.h, q8_avxvnni.h), BLOCK, interleave(), finish_block() and
 * store_part(), and gets depthwise_need(), depthwise_pack() and depthwise_run(). */

#include "base/checked.h"
#include "kernels/portable/window.h"
#include "kernels/quant.h"

enum { LANES = MN_REQUANT_LANES };

/* Filter columns of BLOCK channels. */
typedef struct block {
    _Alignas(64) q8_weight weights[TAPS][VECTORS][PARTS][Q8_LANES * Q8_GROUP];
    int32_t start[VECTORS][Q8_LANES];
    mn_requant requant[VECTORS / 2];
} block;

/* Channel, relative to the block, of lane `lane` of vector `q`. */
static int32_t channel_of(int32_t q, int32_t lane) { return 4 * VECTORS * (lane / 4) + 4 * q + lane % 4; }

static int32_t block_count(const mn_window *w) { return (w->out_c + BLOCK - 1) / BLOCK; }

/* The last block overlaps its neighbour rather than end early. */
static int32_t block_first(const mn_window *w, int32_t index) {
    return mn_max_i32(0, mn_min_i32(index * BLOCK, w->out_c - BLOCK));
}

static bool depthwise_need(const mn_conv_params *p, mn_kernel_need *need) {
    const mn_window *w = &p->window;
    if (w->k_h != TAPS || w->k_w != TAPS || w->dilation_h != 1 || w->dilation_w != 1) return false;
    if (w->out_c != w->in_c || !mn_requant_fits(p->shift, w->out_c)) return false;
    *need = (mn_kernel_need){.packed_bytes = sizeof(block) * (size_t)block_count(w)};
    return true;
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

static void pack_lane(const mn_conv_params *p, const mn_q8_zeros *zeros, const uint8_t *weights, const int32_t *bias,
                      int32_t channel, int32_t q, int32_t lane, block *out) {
    const int32_t left = Q8_ROW_SUMS ? zeros->weight : 0;
    int32_t sum = -TAPS * TAPS * left;
    for (int32_t y = 0; y < TAPS; y++) {
        for (int32_t x = 0; x < TAPS; x++) {
            q8_weight weight = q8_weight_of(weights[(y * TAPS + x) * p->window.out_c + channel], zeros);
            out->weights[x][q][y / Q8_GROUP][lane * Q8_GROUP + y % Q8_GROUP] = weight;
            sum += weight;
        }
    }
    const int32_t centre = out->requant[q / 2].centre[q % 2 * Q8_LANES + lane];
    out->start[q][lane] = mn_wrap_add(bias ? bias[channel] : 0, -zeros->in * sum - centre);
}

static void pack_block(const mn_conv_params *p, mn_type type, const void *const *constants, int32_t first, block *out) {
    const mn_q8_zeros zeros = q8_zeros(p, type);
    memset(out, 0, sizeof *out);
    for (int32_t q = 0; q < VECTORS; q += 2) {
        int32_t order[LANES];
        for (int32_t i = 0; i < LANES; i++) order[i] = channel_of(q + i / Q8_LANES, i % Q8_LANES);
        const mn_requant_lanes lanes = mn_requant_lanes_of(first, p->window.out_c, order);
        mn_requant_fill(&out->requant[q / 2], &lanes, p->multiplier, p->shift, constants[2], zeros.out, zeros.range);
        for (int32_t i = 0; i < LANES; i++) {
            pack_lane(p, &zeros, constants[1], constants[2], lanes.channel[i], q + i / Q8_LANES, i % Q8_LANES, out);
        }
    }
}

static void depthwise_pack(const mn_conv_params *p, const void *const *constants, mn_type type, block *out) {
    for (int32_t i = 0; i < block_count(&p->window); i++) {
        pack_block(p, type, constants, block_first(&p->window, i), &out[i]);
    }
}

/* ---- Running -------------------------------------------------------------------------------------------- */

/* One output row of one block. */
typedef struct strip {
    const mn_window *w;
    const block *b;
    const uint8_t *rows[TAPS]; /* column 0 of each image row, at the block's first channel, or zero points */
    ptrdiff_t step[TAPS];      /* from column to column; 0 outside the image */
    const uint8_t *outside;    /* zero points of a block */
    int32_t channels;          /* in [1, BLOCK] */
    mn_type type;
    mn_q8_zeros zeros;
} strip;

Q8_INLINE column load_column(const strip *s, int32_t x) {
    const uint8_t *cells[TAPS] = {s->outside, s->outside, s->outside};
    if (x >= 0 && x < s->w->in_w) {
        for (int y = 0; y < TAPS; y++) cells[y] = s->rows[y] + x * s->step[y];
    }
    if (s->channels == BLOCK) return interleave(cells, s->type);
    uint8_t part[TAPS][BLOCK] = {0};
    for (int y = 0; y < TAPS; y++) memcpy(part[y], cells[y], (size_t)s->channels);
    return interleave((const uint8_t *[]){part[0], part[1], part[2]}, s->type);
}

Q8_INLINE __m256i add_column(__m256i sum, const column *c, int q, const q8_weight *weights) {
    Q8_UNROLL for (int i = 0; i < PARTS; i++) sum = q8_dot(sum, c->v[q][i], q8_load(weights + i * Q8_LANES * Q8_GROUP));
    return sum;
}

Q8_INLINE __m256i dot_columns(const strip *s, const column *a, const column *b, const column *c, int q) {
    __m256i sum = q8_load(s->b->start[q]);
    sum = add_column(sum, a, q, s->b->weights[0][q][0]);
    sum = add_column(sum, b, q, s->b->weights[1][q][0]);
    sum = add_column(sum, c, q, s->b->weights[2][q][0]);
    if (Q8_ROW_SUMS && s->zeros.weight) {
        const __m256i minus = _mm256_set1_epi8((char)-s->zeros.weight);
        sum = q8_dot(q8_dot(q8_dot(sum, a->v[q][0], minus), b->v[q][0], minus), c->v[q][0], minus);
    }
    return sum;
}

Q8_INLINE void store_output(const strip *s, const column *a, const column *b, const column *c, uint8_t *out) {
    __m256i results[VECTORS];
    Q8_UNROLL for (int q = 0; q < VECTORS; q++) {
        results[q] = q8_requant(dot_columns(s, a, b, c, q), &s->b->requant[q / 2], q % 2);
    }
    finish_block(results, s->zeros.range, s->zeros.out_flip, s->channels, out);
}

/* Three outputs bring each column back to the variable it began in. */
Q8_INLINE void run_dense(const strip *s, uint8_t *out) {
    const mn_window *w = s->w;
    int32_t x = -w->pad_left, i = 0;
    column a = load_column(s, x), b = load_column(s, x + 1), c;
    for (; i + 3 <= w->out_w; i += 3, x += 3, out += 3 * w->out_c) {
        c = load_column(s, x + 2);
        store_output(s, &a, &b, &c, out);
        a = load_column(s, x + 3);
        store_output(s, &b, &c, &a, out + w->out_c);
        b = load_column(s, x + 4);
        store_output(s, &c, &a, &b, out + 2 * (ptrdiff_t)w->out_c);
    }
    for (; i < w->out_w; i++, x++, out += w->out_c) {
        c = load_column(s, x + 2);
        store_output(s, &a, &b, &c, out);
        a = b;
        b = c;
    }
}

Q8_INLINE void run_strided(const strip *s, uint8_t *out) {
    const mn_window *w = s->w;
    int32_t x = -w->pad_left;
    column a = load_column(s, x);
    for (int32_t i = 0; i < w->out_w; i++, out += w->out_c) {
        column b = load_column(s, x + 1), c = load_column(s, x + 2);
        store_output(s, &a, &b, &c, out);
        x += w->stride_w;
        a = w->stride_w == 2 ? c : load_column(s, x);
    }
}

Q8_TARGET static void run_strip(const strip *s, uint8_t *out) {
    if (s->w->stride_w == 1) {
        run_dense(s, out);
    } else {
        run_strided(s, out);
    }
}

static void run_row(const mn_task *task, strip *s, int32_t unit) {
    const mn_window *w = s->w;
    const int64_t top = (int64_t)(unit % w->out_h) * w->stride_h - w->pad_top;
    for (int32_t i = 0; i < block_count(w); i++) {
        const int32_t first = block_first(w, i);
        s->b = (const block *)task->packed + i;
        for (int32_t y = 0; y < TAPS; y++) {
            const bool inside = top + y >= 0 && top + y < w->in_h;
            s->step[y] = inside ? w->in_c : 0;
            s->rows[y] = s->outside;
            if (!inside) continue;
            s->rows[y] = (const uint8_t *)task->inputs[0] + mn_input_offset(w, unit / w->out_h, top + y, 0) + first;
        }
        run_strip(s, (uint8_t *)task->output + (ptrdiff_t)unit * w->out_w * w->out_c + first);
    }
}

static void depthwise_run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_params *p = task->params;
    uint8_t outside[BLOCK];
    memset(outside, p->in_zero, sizeof outside);
    strip s = {.w = &p->window, .outside = outside, .type = type, .zeros = q8_zeros(p, type)};
    s.channels = mn_min_i32(BLOCK, p->window.out_c);
    for (int32_t unit = begin; unit < end; unit++) run_row(task, &s, unit);
}

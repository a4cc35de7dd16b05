/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 3x3 depthwise convolution of multiplier 1 with 256-bit vectors, BLOCK channels at a time. The three rows under the
 * filter are interleaved so that each channel's column of the image, [top, middle, bottom, 0], lies in one 32-bit lane
 * of PARTS vectors (GROUP of the four in each); a column of the image then serves every output that meets it.
 * Interleaving (unpack) and narrowing (pack) reorder channels in opposite ways.
 *
 * The including file has the arithmetic (q8_avx2.h, q8_avxvnni.h), BLOCK, interleave(), finish_block() and
 * store_part(), and gets depthwise_need(), depthwise_pack() and depthwise_run(). */

#include "base/checked.h"
#include "kernels/portable/window.h"
#include "kernels/quant.h"

enum { LANES = MN_REQUANT_LANES, PARTS = 4 / GROUP };

/* Filter columns of BLOCK channels. */
typedef struct block {
    _Alignas(64) weight weights[TAPS][VECTORS][PARTS][Q8_LANES * GROUP];
    int32_t folded_bias[VECTORS][Q8_LANES];
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
    const int32_t left = WEIGHTS_HAVE_ZERO ? zeros->weight : 0;
    int32_t sum = -TAPS * TAPS * left;
    for (int32_t y = 0; y < TAPS; y++) {
        for (int32_t x = 0; x < TAPS; x++) {
            weight w = weight_of(weights[(y * TAPS + x) * p->window.out_c + channel], zeros);
            out->weights[x][q][y / GROUP][lane * GROUP + y % GROUP] = w;
            sum += w;
        }
    }
    const int32_t centre = out->requant[q / 2].centre[q % 2 * Q8_LANES + lane];
    out->folded_bias[q][lane] = mn_wrap_add(bias ? bias[channel] : 0, -zeros->in * sum - centre);
}

/* The channels of vectors q and q + 1. */
static mn_requant_lanes lanes_of(const mn_window *w, int32_t first, int32_t q) {
    int32_t order[LANES];
    for (int32_t i = 0; i < LANES; i++) order[i] = channel_of(q + i / Q8_LANES, i % Q8_LANES);
    return mn_requant_lanes_of(first, w->out_c, order);
}

/* A block requantises in floats as a whole or not at all. */
static void fill_requants(const mn_conv_params *p, const mn_q8_zeros *zeros, const int32_t *bias, int32_t first,
                          block *out) {
    bool all = true;
    for (int32_t i = 0; i < VECTORS / 2; i++) {
        const mn_requant_lanes lanes = lanes_of(&p->window, first, 2 * i);
        mn_requant_fill(&out->requant[i], &lanes, p->multiplier, p->shift, bias, zeros->out, zeros->range);
        all = all && out->requant[i].is_float;
    }
    for (int32_t i = 0; i < VECTORS / 2 && !all; i++) {
        out->requant[i].is_float = 0;
        memset(out->requant[i].centre, 0, sizeof out->requant[i].centre);
    }
}

static void pack_block(const mn_conv_params *p, mn_type type, const void *const *constants, int32_t first, block *out) {
    const mn_q8_zeros zeros = q8_zeros_of(p, type);
    memset(out, 0, sizeof *out);
    fill_requants(p, &zeros, constants[2], first, out);
    for (int32_t q = 0; q < VECTORS; q++) {
        const mn_requant_lanes lanes = lanes_of(&p->window, first, q / 2 * 2);
        for (int32_t i = 0; i < Q8_LANES; i++) {
            pack_lane(p, &zeros, constants[1], constants[2], lanes.channel[q % 2 * Q8_LANES + i], q, i, out);
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
    ptrdiff_t mask[TAPS];      /* of offsets into a row: 0 outside the image, else all ones */
    const uint8_t *outside;    /* zero points of a block */
    int32_t channels;          /* in [1, BLOCK] */
    mn_type type;
    mn_q8_zeros zeros;
    bool is_float;
    q8_exact exact[VECTORS]; /* unless is_float */
} strip;

/* What is known of a strip when it is compiled, so that the inner loop need not ask. */
typedef struct form {
    mn_type type;
    bool is_float, is_whole;
} form;

/* The accumulators of one output. */
typedef struct output {
    __m256i v[VECTORS];
} output;

Q8_INLINE column load_column(const strip *s, form f, int32_t x) {
    const uint8_t *cells[TAPS] = {s->outside, s->outside, s->outside};
    if (x >= 0 && x < s->w->in_w) {
        const ptrdiff_t offset = (ptrdiff_t)x * s->w->in_c;
        Q8_UNROLL for (int y = 0; y < TAPS; y++) cells[y] = s->rows[y] + (offset & s->mask[y]);
    }
    if (f.is_whole) return interleave(cells, f.type);
    uint8_t part[TAPS][BLOCK] = {0};
    for (int y = 0; y < TAPS; y++) memcpy(part[y], cells[y], (size_t)s->channels);
    return interleave((const uint8_t *[]){part[0], part[1], part[2]}, f.type);
}

/* Adds a column of the image under a column of the filter. */
Q8_INLINE void add_column(const strip *s, form f, output *o, const column *c, int tap) {
    Q8_UNROLL for (int q = 0; q < VECTORS; q++) {
        Q8_UNROLL for (int i = 0; i < PARTS; i++) {
            o->v[q] = q8_dot(o->v[q], c->v[q][i], q8_load(s->b->weights[tap][q][i]));
            if (!WEIGHTS_HAVE_ZERO || f.type == MN_INT8) continue;
            o->v[q] = q8_dot(o->v[q], c->v[q][i], _mm256_set1_epi8((char)-s->zeros.weight));
        }
    }
}

Q8_INLINE output begin_output(const strip *s, form f, const column *c) {
    output o;
    Q8_UNROLL for (int q = 0; q < VECTORS; q++) o.v[q] = q8_load(s->b->folded_bias[q]);
    add_column(s, f, &o, c, 0);
    return o;
}

Q8_INLINE void end_output(const strip *s, form f, output o, const column *c, uint8_t *out) {
    add_column(s, f, &o, c, 2);
    Q8_UNROLL for (int q = 0; q < VECTORS; q++) {
        const mn_requant *r = &s->b->requant[q / 2];
        o.v[q] = f.is_float ? q8_requant_float(o.v[q], r, q % 2) : q8_requant_exact(o.v[q], &s->exact[q]);
    }
    finish_block(o.v, s->zeros.range, s->zeros.out_flip, f.is_whole ? BLOCK : s->channels, out);
}

/* Each column of the image is met by three outputs: it ends `done`, goes on with `next` and begins `*last`. */
Q8_INLINE void slide(const strip *s, form f, int32_t x, output done, output *next, output *last, uint8_t *out) {
    const column c = load_column(s, f, x);
    end_output(s, f, done, &c, out);
    add_column(s, f, next, &c, 1);
    *last = begin_output(s, f, &c);
}

Q8_INLINE void run_dense(const strip *s, form f, uint8_t *out) {
    const mn_window *w = s->w;
    int32_t x = -w->pad_left, i = 0;
    column first = load_column(s, f, x);
    output a = begin_output(s, f, &first), b, c;
    column second = load_column(s, f, ++x);
    add_column(s, f, &a, &second, 1);
    b = begin_output(s, f, &second);
    /* Three steps bring each output back to the variable it began in. */
    for (; i + 3 <= w->out_w; i += 3, out += 3 * (ptrdiff_t)w->out_c) {
        slide(s, f, ++x, a, &b, &c, out);
        slide(s, f, ++x, b, &c, &a, out + w->out_c);
        slide(s, f, ++x, c, &a, &b, out + 2 * (ptrdiff_t)w->out_c);
    }
    for (; i < w->out_w; i++, out += w->out_c) {
        slide(s, f, ++x, a, &b, &c, out);
        a = b;
        b = c;
    }
}

Q8_INLINE void run_strided(const strip *s, form f, uint8_t *out) {
    const mn_window *w = s->w;
    int32_t x = -w->pad_left;
    column c = load_column(s, f, x);
    for (int32_t i = 0; i < w->out_w; i++, out += w->out_c) {
        output o = begin_output(s, f, &c);
        c = load_column(s, f, x + 1);
        add_column(s, f, &o, &c, 1);
        c = load_column(s, f, x + 2);
        end_output(s, f, o, &c, out);
        x += w->stride_w;
        if (w->stride_w != 2) c = load_column(s, f, x);
    }
}

Q8_INLINE void run_form(const strip *s, form f, uint8_t *out) {
    if (s->w->stride_w == 1) {
        run_dense(s, f, out);
    } else {
        run_strided(s, f, out);
    }
}

Q8_TARGET static void run_strip(const strip *s, uint8_t *out) {
    if (s->channels < BLOCK) {
        run_form(s, (form){s->type, s->is_float, false}, out);
    } else if (s->type == MN_INT8 && s->is_float) {
        run_form(s, (form){MN_INT8, true, true}, out);
    } else if (s->type == MN_INT8) {
        run_form(s, (form){MN_INT8, false, true}, out);
    } else if (s->is_float) {
        run_form(s, (form){MN_UINT8, true, true}, out);
    } else {
        run_form(s, (form){MN_UINT8, false, true}, out);
    }
}

Q8_TARGET static void choose_requant(strip *s) {
    s->is_float = s->b->requant[0].is_float;
    for (int q = 0; q < VECTORS && !s->is_float; q++) s->exact[q] = q8_exact_of(&s->b->requant[q / 2], q % 2);
}

static void run_row(const mn_task *task, strip *s, int32_t unit) {
    const mn_window *w = s->w;
    const int64_t top = (int64_t)(unit % w->out_h) * w->stride_h - w->pad_top;
    for (int32_t i = 0; i < block_count(w); i++) {
        const int32_t first = block_first(w, i);
        s->b = (const block *)task->packed + i;
        for (int32_t y = 0; y < TAPS; y++) {
            const bool inside = top + y >= 0 && top + y < w->in_h;
            s->mask[y] = inside ? -1 : 0;
            s->rows[y] = s->outside;
            if (!inside) continue;
            s->rows[y] = (const uint8_t *)task->inputs[0] +
                         mn_input_offset(w, task->in_ring, unit / w->out_h, top + y, 0) + first;
        }
        choose_requant(s);
        run_strip(s, (uint8_t *)task->output + mn_output_offset(w, task->out_ring, unit) + first);
    }
}

static void depthwise_run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_params *p = task->params;
    uint8_t outside[BLOCK];
    memset(outside, p->in_zero, sizeof outside);
    strip s = {.w = &p->window, .outside = outside, .type = type, .zeros = q8_zeros_of(p, type)};
    s.channels = mn_min_i32(BLOCK, p->window.out_c);
    for (int32_t unit = begin; unit < end; unit++) run_row(task, &s, unit);
}

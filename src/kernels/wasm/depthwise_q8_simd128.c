/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 depthwise 3x3 convolution of multiplier 1 for WebAssembly, 8 channels at a time. Of a column of the
 * image, its upper two cells lie side by side as pairs of 16 bits, and its lower one beside a zero, so that two dot
 * products of four channels each take a column of the filter. With stride 1 a column ends one output, continues the
 * next and begins a third. */
#include "kernels/kernels.h"

#ifdef MN_CPU_SIMD128_COMPILES

#include "base/checked.h"
#include "kernels/portable/window.h"
#include "kernels/wasm/q8.h"

enum { TAPS = 3, LANES = MN_WASM_LANES, VECTORS = MN_WASM_VECTORS, PARTS = 2 };

/* 8 channels: their filter's columns, each as its upper two taps, then the lower one and a zero. */
typedef struct block {
    mn_wasm_channels channels;
    _Alignas(16) int16_t weights[TAPS][VECTORS][PARTS][LANES];
} block;

static int32_t block_count(const mn_window *w) { return (w->out_c + LANES - 1) / LANES; }

/* The last block overlaps its neighbour rather than end early. */
static int32_t block_first(const mn_window *w, int32_t index) {
    return mn_max_i32(0, mn_min_i32(index * LANES, w->out_c - LANES));
}

static bool depthwise_q8_need(const void *params, mn_kernel_need *need) {
    const mn_conv_params *p = params;
    const mn_window *w = &p->window;
    if (w->k_h != TAPS || w->k_w != TAPS || w->dilation_h != 1 || w->dilation_w != 1) return false;
    if (w->out_c != w->in_c || !mn_wasm_fits(p->shift, w->out_c)) return false;
    *need = (mn_kernel_need){.packed_bytes = sizeof(block) * (size_t)block_count(w)};
    return true;
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

/* Weights have 16 bits, so their zero point is taken off here. */
static void pack_block(const mn_conv_params *p, mn_type type, const void *const *constants, int32_t first, block *out) {
    const mn_wasm_zeros stored = mn_wasm_zeros_of(p, type);
    mn_wasm_zeros zeros = stored;
    const uint8_t *weights = constants[1];
    mn_wasm_sums sums = {0};
    zeros.weight = 0;
    memset(out, 0, sizeof *out);
    for (int32_t lane = 0; lane < LANES && first + lane < p->window.out_c; lane++) {
        for (int32_t i = 0; i < TAPS * TAPS; i++) {
            const int32_t y = i / TAPS, x = i % TAPS;
            const int32_t weight = (int8_t)(weights[i * p->window.out_c + first + lane] ^ stored.flip) - stored.weight;
            out->weights[x][lane / 4][y / 2][lane % 4 * 2 + y % 2] = (int16_t)weight;
            mn_wasm_sum(&sums, &zeros, lane, weight);
        }
    }
    mn_wasm_channels_fill(p, &zeros, first, constants[2], TAPS * TAPS, &sums, &out->channels);
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
    mn_wasm_finish finish;
    const uint8_t *rows[TAPS]; /* column 0 of each image row, at the block's first channel, or zero points */
    ptrdiff_t step[TAPS];      /* from column to column: 0 outside the image */
    const uint8_t *outside;    /* zero points of a block */
    int32_t channels;          /* in [1, LANES] */
    mn_type type;
} strip;

/* What is known of a strip when it is compiled, so that loops need not ask. */
typedef struct form {
    mn_type type;
    bool is_whole;
    mn_wasm_ending ending;
} form;

/* What loops need of a strip, in variables of their own: what they store could change it elsewhere, so that the
 * compiler would load all of it for each output, addresses and all. */
typedef struct pass {
    const strip *s;
    form f;
    v128_t weights[TAPS][VECTORS][PARTS], bias[VECTORS];
    mn_wasm_doubles doubles;
    mn_wasm_finish finish;
    const uint8_t *rows[TAPS], *outside;
    ptrdiff_t step[TAPS];
    int32_t in_w;
} pass;

Q8_INLINE pass pass_of(const strip *s, form f) {
    const mn_wasm_channels *c = &s->b->channels;
    pass p = {.s = s,
              .f = f,
              .bias = {wasm_v128_load(c->folded_bias), wasm_v128_load(c->folded_bias + 4)},
              .doubles = mn_wasm_doubles_of(c),
              .finish = s->finish,
              .outside = s->outside,
              .in_w = s->w->in_w};
    Q8_UNROLL for (int i = 0; i < TAPS; i++) {
        p.rows[i] = s->rows[i], p.step[i] = s->step[i];
        Q8_UNROLL for (int v = 0; v < VECTORS; v++) {
            Q8_UNROLL for (int k = 0; k < PARTS; k++) p.weights[i][v][k] = wasm_v128_load(s->b->weights[i][v][k]);
        }
    }
    return p;
}

/* A column of the image as it is multiplied. */
typedef struct column {
    v128_t v[VECTORS][PARTS];
} column;

/* The accumulators of one output. */
typedef struct output {
    v128_t v[VECTORS];
} output;

Q8_INLINE v128_t load_cell(const pass *p, const uint8_t *from) {
    if (p->f.is_whole) return mn_wasm_widen(from, p->f.type);
    uint8_t part[LANES] = {0};
    memcpy(part, from, (size_t)p->s->channels);
    return mn_wasm_widen(part, p->f.type);
}

Q8_INLINE column load_column(const pass *p, int32_t x) {
    const bool inside = x >= 0 && x < p->in_w;
    const v128_t zero = wasm_i16x8_const_splat(0);
    v128_t cells[TAPS];
    Q8_UNROLL for (int y = 0; y < TAPS; y++) {
        cells[y] = load_cell(p, inside ? p->rows[y] + x * p->step[y] : p->outside);
    }
    return (column){{{wasm_i16x8_shuffle(cells[0], cells[1], 0, 8, 1, 9, 2, 10, 3, 11),
                      wasm_i16x8_shuffle(cells[2], zero, 0, 8, 1, 9, 2, 10, 3, 11)},
                     {wasm_i16x8_shuffle(cells[0], cells[1], 4, 12, 5, 13, 6, 14, 7, 15),
                      wasm_i16x8_shuffle(cells[2], zero, 4, 12, 5, 13, 6, 14, 7, 15)}}};
}

/* Adds a column of the image under a column of the filter. */
Q8_INLINE void add_column(const pass *p, output *o, const column *c, int tap) {
    Q8_UNROLL for (int v = 0; v < VECTORS; v++) {
        Q8_UNROLL for (int i = 0; i < PARTS; i++) {
            o->v[v] = wasm_i32x4_add(o->v[v], wasm_i32x4_dot_i16x8(c->v[v][i], p->weights[tap][v][i]));
        }
    }
}

Q8_INLINE output begin_output(const pass *p, const column *c) {
    output o = {{p->bias[0], p->bias[1]}};
    add_column(p, &o, c, 0);
    return o;
}

Q8_INLINE void end_output(const pass *p, output o, const column *c, uint8_t *out) {
    add_column(p, &o, c, 2);
    const v128_t values = mn_wasm_requant_8(o.v, &p->s->b->channels, &p->doubles, &p->finish, p->f.ending);
    mn_wasm_store(out, mn_wasm_stored(values, values, &p->finish), 0, p->f.is_whole ? LANES : p->s->channels);
}

Q8_INLINE void run_dense(const pass *p, uint8_t *out) {
    const mn_window *w = p->s->w;
    const int32_t out_w = w->out_w, out_c = w->out_c;
    int32_t x = -w->pad_left;
    column c = load_column(p, x);
    output done = begin_output(p, &c), next;
    c = load_column(p, ++x);
    add_column(p, &done, &c, 1);
    next = begin_output(p, &c);
    for (int32_t i = 0; i < out_w; i++, out += out_c) {
        c = load_column(p, ++x);
        end_output(p, done, &c, out);
        add_column(p, &next, &c, 1);
        done = next;
        next = begin_output(p, &c);
    }
}

Q8_INLINE void run_strided(const pass *p, uint8_t *out) {
    const mn_window *w = p->s->w;
    const int32_t out_w = w->out_w, out_c = w->out_c, stride = w->stride_w;
    int32_t x = -w->pad_left;
    column c = load_column(p, x);
    for (int32_t i = 0; i < out_w; i++, out += out_c) {
        output o = begin_output(p, &c);
        c = load_column(p, x + 1);
        add_column(p, &o, &c, 1);
        c = load_column(p, x + 2);
        end_output(p, o, &c, out);
        x += stride;
        if (stride != 2) c = load_column(p, x); /* with 2, the last column is the next output's first */
    }
}

Q8_INLINE void run_form(const strip *s, form f, uint8_t *out) {
    const pass p = pass_of(s, f);
    if (s->w->stride_w == 1) {
        run_dense(&p, out);
    } else {
        run_strided(&p, out);
    }
}

Q8_INLINE void run_whole(const strip *s, mn_type type, uint8_t *out) {
    if (mn_wasm_ending_of(&s->finish, &s->b->channels) == MN_WASM_UNSIGNED) {
        run_form(s, (form){type, true, MN_WASM_UNSIGNED}, out);
    } else {
        run_form(s, (form){type, true, MN_WASM_ANY}, out);
    }
}

static void run_strip(const strip *s, uint8_t *out) {
    if (s->channels < LANES) {
        run_form(s, (form){s->type, false, MN_WASM_ANY}, out);
    } else if (s->type == MN_UINT8) {
        run_whole(s, MN_UINT8, out);
    } else {
        run_whole(s, MN_INT8, out);
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
            s->rows[y] = (const uint8_t *)task->inputs[0] +
                         mn_input_offset(w, task->in_ring, unit / w->out_h, top + y, 0) + first;
        }
        run_strip(s, (uint8_t *)task->output + mn_output_offset(w, task->out_ring, unit) + first);
    }
}

static void depthwise_run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_params *p = task->params;
    const mn_wasm_zeros zeros = mn_wasm_zeros_of(p, type);
    uint8_t outside[LANES];
    memset(outside, p->in_zero, sizeof outside);
    strip s = {.w = &p->window, .finish = mn_wasm_finish_of(&zeros), .outside = outside, .type = type};
    s.channels = mn_min_i32(LANES, p->window.out_c);
    for (int32_t unit = begin; unit < end; unit++) run_row(task, &s, unit);
}

static void depthwise_i8_pack(const void *params, const void *const *constants, void *packed) {
    depthwise_pack(params, constants, MN_INT8, packed);
}

const mn_kernel_traits mn_depthwise_i8_simd128_traits = {
    .need = depthwise_q8_need, .pack = depthwise_i8_pack, .rings = true};

static void depthwise_u8_pack(const void *params, const void *const *constants, void *packed) {
    depthwise_pack(params, constants, MN_UINT8, packed);
}

const mn_kernel_traits mn_depthwise_u8_simd128_traits = {
    .need = depthwise_q8_need, .pack = depthwise_u8_pack, .rings = true};

void mn_depthwise_i8_simd128(const mn_task *task, int32_t begin, int32_t end) {
    depthwise_run(task, begin, end, MN_INT8);
}
void mn_depthwise_u8_simd128(const mn_task *task, int32_t begin, int32_t end) {
    depthwise_run(task, begin, end, MN_UINT8);
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 convolution for WebAssembly: tiles of 4 pixels x 8 channels, whose 8 accumulators, weights and
 * activations are as many vectors as x86 has registers. A span of pixels is widened to 16 bits, pairs of activations of
 * four pixels side by side; then each panel of channels is widened too and meets all of it, so that weights come from
 * far away once a span. */
#include "kernels/kernels.h"

#ifdef MN_CPU_SIMD128_COMPILES

#include "base/checked.h"
#include "kernels/gather.h"
#include "kernels/portable/window.h"
#include "kernels/wasm/q8.h"

enum { ROWS = 4, LANES = MN_WASM_LANES, VECTORS = MN_WASM_VECTORS };

/* A span stays within this many bytes, some of L2, and this many pixels. */
enum { SPAN_BYTES = 64 * 1024, SPAN_PIXELS = 128 };

/* 8 output channels: [depth / 2][8][2] weights. */
typedef struct panel {
    mn_wasm_channels channels;
    _Alignas(16) int8_t weights[];
} panel;

static int32_t panel_count(const mn_window *w) { return (w->out_c + LANES - 1) / LANES; }

static size_t panel_bytes(const mn_window *w) {
    return mn_round_up(sizeof(panel) + (size_t)mn_gather_depth(w) * LANES, 64);
}

/* Workspace: tiles of pixels as they are multiplied, then pixels as gathered, then a panel's weights as they are
 * multiplied. */
typedef struct span {
    int32_t pixels;
    size_t gathered, weights, bytes; /* offsets and their end */
} span;

static span span_of(const mn_window *w) {
    const int32_t depth = mn_gather_depth(w), row = depth * (int32_t)sizeof(int16_t);
    span s = {.pixels = mn_clamp_i32(SPAN_BYTES / row / ROWS * ROWS, ROWS, SPAN_PIXELS)};
    s.gathered = mn_round_up((size_t)s.pixels * (size_t)row, 64);
    s.weights = s.gathered + (mn_gather_is_input(w) ? 0 : mn_round_up((size_t)s.pixels * (size_t)depth, 64));
    s.bytes = s.weights + (size_t)depth * LANES * sizeof(int16_t);
    return s;
}

static bool conv_q8_need(const void *params, mn_kernel_need *need) {
    const mn_conv_params *p = params;
    const mn_window *w = &p->window;
    if (p->groups != 1 || mn_window_depth(w) > MN_WASM_MAX_DEPTH || !mn_wasm_fits(p->shift, w->out_c)) return false;
    need->packed_bytes = panel_bytes(w) * (size_t)panel_count(w);
    need->workspace_bytes = span_of(w).bytes;
    return true;
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

static void pack_panel(const mn_conv_params *p, mn_type type, const uint8_t *weights, const int32_t *bias,
                       int32_t first, panel *out) {
    const mn_wasm_zeros zeros = mn_wasm_zeros_of(p, type);
    const int32_t depth = (int32_t)mn_window_depth(&p->window);
    mn_wasm_sums sums = {0};
    memset(out->weights, 0, (size_t)mn_gather_depth(&p->window) * LANES);
    for (int32_t lane = 0; lane < LANES && first + lane < p->window.out_c; lane++) {
        const uint8_t *from = weights + (ptrdiff_t)(first + lane) * depth;
        for (int32_t k = 0; k < depth; k++) {
            const int8_t weight = (int8_t)(from[k] ^ zeros.flip);
            out->weights[k / 2 * 2 * LANES + lane * 2 + k % 2] = weight;
            mn_wasm_sum(&sums, &zeros, lane, weight);
        }
    }
    mn_wasm_channels_fill(p, &zeros, first, bias, depth, &sums, &out->channels);
}

static void conv_pack(const mn_conv_params *p, const void *const *constants, mn_type type, void *packed) {
    for (int32_t i = 0; i < panel_count(&p->window); i++) {
        pack_panel(p, type, constants[1], constants[2], i * LANES,
                   (panel *)(void *)((char *)packed + (size_t)i * panel_bytes(&p->window)));
    }
}

/* ---- Activations ---------------------------------------------------------------------------------------- */

/* Four pixels of `depth` activations, a multiple of four, become [depth / 2][4][2]. */
Q8_INLINE void widen_tile(const uint8_t *const rows[ROWS], int32_t depth, mn_type type, int16_t *to) {
    int32_t k = 0;
    for (; k + 8 <= depth; k += 8, to += 8 * ROWS) {
        v128_t x[ROWS];
        Q8_UNROLL for (int r = 0; r < ROWS; r++) x[r] = mn_wasm_widen(rows[r] + k, type);
        const v128_t low01 = wasm_i32x4_shuffle(x[0], x[1], 0, 4, 1, 5);
        const v128_t low23 = wasm_i32x4_shuffle(x[2], x[3], 0, 4, 1, 5);
        const v128_t high01 = wasm_i32x4_shuffle(x[0], x[1], 2, 6, 3, 7);
        const v128_t high23 = wasm_i32x4_shuffle(x[2], x[3], 2, 6, 3, 7);
        wasm_v128_store(to, wasm_i64x2_shuffle(low01, low23, 0, 2));
        wasm_v128_store(to + 8, wasm_i64x2_shuffle(low01, low23, 1, 3));
        wasm_v128_store(to + 16, wasm_i64x2_shuffle(high01, high23, 0, 2));
        wasm_v128_store(to + 24, wasm_i64x2_shuffle(high01, high23, 1, 3));
    }
    for (; k < depth; k += 2, to += 2 * ROWS) {
        Q8_UNROLL for (int r = 0; r < ROWS; r++) {
            to[2 * r] = type == MN_INT8 ? (int8_t)rows[r][k] : rows[r][k];
            to[2 * r + 1] = type == MN_INT8 ? (int8_t)rows[r][k + 1] : rows[r][k + 1];
        }
    }
}

/* The last tile is filled up with its last pixel. */
static void widen_span(const uint8_t *in, int32_t depth, int32_t count, mn_type type, int16_t *tiles) {
    for (int32_t pixel = 0; pixel < count; pixel += ROWS, tiles += ROWS * depth) {
        const uint8_t *rows[ROWS];
        for (int32_t r = 0; r < ROWS; r++) rows[r] = in + (ptrdiff_t)mn_min_i32(pixel + r, count - 1) * depth;
        if (type == MN_INT8) {
            widen_tile(rows, depth, MN_INT8, tiles);
        } else {
            widen_tile(rows, depth, MN_UINT8, tiles);
        }
    }
}

/* ---- Running -------------------------------------------------------------------------------------------- */

/* A panel against a span. */
typedef struct job {
    mn_wasm_finish finish;
    const panel *panel;
    int32_t depth, out_c, channels; /* `channels` of the panel are stored */
    int32_t weight_zero;
    int16_t *weights; /* workspace for the panel's, less their zero point */
    uint8_t *out;     /* of the span's first pixel and the panel's first channel */
} job;

/* What is known of tiles when they are compiled: whole ones have 4 pixels and 8 channels. */
typedef struct form {
    bool is_whole;
    mn_wasm_ending ending;
} form;

/* A panel's constants, in variables of their own, which nothing that is stored can change. */
typedef struct pass {
    job j;
    form f;
    mn_wasm_doubles doubles;
    v128_t bias[VECTORS];
} pass;

Q8_INLINE pass pass_of(const job *j, form f) {
    const mn_wasm_channels *c = &j->panel->channels;
    return (pass){.j = *j,
                  .f = f,
                  .doubles = mn_wasm_doubles_of(c),
                  .bias = {wasm_v128_load(c->folded_bias), wasm_v128_load(c->folded_bias + 4)}};
}

Q8_INLINE void store_tile(const pass *p, uint8_t *out, int32_t count, v128_t acc[ROWS][VECTORS]) {
    const int32_t out_c = p->j.out_c, channels = p->f.is_whole ? LANES : p->j.channels;
    v128_t values[ROWS];
    Q8_UNROLL for (int r = 0; r < ROWS; r++) {
        values[r] = mn_wasm_requant_8(acc[r], &p->j.panel->channels, &p->doubles, &p->j.finish, p->f.ending);
    }
    Q8_UNROLL for (int r = 0; r < ROWS; r += 2) {
        const v128_t bytes = mn_wasm_stored(values[r], values[r + 1], &p->j.finish);
        if (r < count) mn_wasm_store(out + (ptrdiff_t)r * out_c, bytes, 0, channels);
        if (r + 1 < count) mn_wasm_store(out + (ptrdiff_t)(r + 1) * out_c, bytes, 1, channels);
    }
}

/* The products of one pair of activations of four pixels. */
Q8_INLINE void multiply(const int16_t *x, const int16_t *weights, v128_t acc[ROWS][VECTORS]) {
    v128_t w[VECTORS];
    __asm__("" : "+r"(x), "+r"(weights)); /* so that all offsets become parts of loads */
    Q8_UNROLL for (int v = 0; v < VECTORS; v++) w[v] = wasm_v128_load(weights + v * 8);
    Q8_UNROLL for (int r = 0; r < ROWS; r++) {
        const v128_t pair = wasm_v128_load32_splat(x + 2 * r);
        Q8_UNROLL for (int v = 0; v < VECTORS; v++) {
            acc[r][v] = wasm_i32x4_add(acc[r][v], wasm_i32x4_dot_i16x8(pair, w[v]));
        }
    }
}

/* Pixels [begin, end) of a span. */
Q8_INLINE void run_tiles(const job *j, form f, const int16_t *tiles, int32_t begin, int32_t end) {
    const pass p = pass_of(j, f);
    const ptrdiff_t tile = (ptrdiff_t)ROWS * p.j.depth;
    const int16_t *x = tiles + begin / ROWS * tile;
    uint8_t *out = p.j.out + (ptrdiff_t)begin * p.j.out_c;
    for (int32_t pixel = begin; pixel < end; pixel += ROWS, out += (ptrdiff_t)ROWS * p.j.out_c) {
        v128_t acc[ROWS][VECTORS];
        const int16_t *weights = p.j.weights;
        Q8_UNROLL for (int r = 0; r < ROWS; r++) { Q8_UNROLL for (int v = 0; v < VECTORS; v++) acc[r][v] = p.bias[v]; }
        /* V8 loads all that a pass of a loop needs before it multiplies, so that two pairs would leave no registers. */
        _Pragma("clang loop unroll(disable)") for (const int16_t *last = x + tile; x < last;
                                                   x += 2 * ROWS, weights += 2 * LANES) {
            multiply(x, weights, acc);
        }
        if (f.is_whole) {
            store_tile(&p, out, ROWS, acc);
        } else {
            v128_t kept[ROWS][VECTORS]; /* apart, so that `acc` can stay in registers */
            memcpy(kept, acc, sizeof kept);
            store_tile(&p, out, mn_min_i32(ROWS, end - pixel), kept);
        }
    }
}

static void widen_panel(const job *j) {
    const v128_t zero = wasm_i16x8_splat((int16_t)j->weight_zero);
    for (int32_t i = 0; i < j->depth * LANES; i += LANES) {
        wasm_v128_store(j->weights + i, wasm_i16x8_sub(wasm_i16x8_load8x8(j->panel->weights + i), zero));
    }
}

static void run_panel(const job *j, const int16_t *tiles, int32_t count) {
    const int32_t whole = j->channels == LANES ? count / ROWS * ROWS : 0;
    widen_panel(j);
    if (whole > 0) {
        if (mn_wasm_ending_of(&j->finish, &j->panel->channels) == MN_WASM_UNSIGNED) {
            run_tiles(j, (form){true, MN_WASM_UNSIGNED}, tiles, 0, whole);
        } else {
            run_tiles(j, (form){true, MN_WASM_ANY}, tiles, 0, whole);
        }
    }
    if (whole < count) run_tiles(j, (form){false, MN_WASM_ANY}, tiles, whole, count);
}

static void conv_run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    const mn_wasm_zeros zeros = mn_wasm_zeros_of(p, type);
    const span s = span_of(w);
    const bool is_input = mn_gather_is_input(w);
    int16_t *tiles = task->workspace;
    uint8_t *gathered = (uint8_t *)task->workspace + s.gathered;
    job j = {.finish = mn_wasm_finish_of(&zeros),
             .depth = mn_gather_depth(w),
             .out_c = w->out_c,
             .weight_zero = zeros.weight,
             .weights = (int16_t *)(void *)((uint8_t *)task->workspace + s.weights)};
    for (int32_t pixel = begin * w->out_w, last = end * w->out_w, count; pixel < last; pixel += count) {
        count = mn_min_i32(s.pixels, last - pixel);
        const uint8_t *in = task->inputs[0];
        if (!is_input) mn_gather(w, in, (uint8_t)zeros.in, pixel, count, gathered);
        in = is_input ? in + (ptrdiff_t)pixel * j.depth : gathered;
        widen_span(in, j.depth, count, type, tiles);
        for (int32_t i = 0; i < panel_count(w); i++) {
            j.panel = (const panel *)(const void *)((const char *)task->packed + (size_t)i * panel_bytes(w));
            j.channels = mn_min_i32(LANES, w->out_c - i * LANES);
            j.out = (uint8_t *)task->output + (ptrdiff_t)pixel * w->out_c + i * LANES;
            run_panel(&j, tiles, count);
        }
    }
}

static void conv_i8_pack(const void *params, const void *const *constants, void *packed) {
    conv_pack(params, constants, MN_INT8, packed);
}

const mn_kernel_traits mn_conv_i8_simd128_traits = {.need = conv_q8_need, .pack = conv_i8_pack};

static void conv_u8_pack(const void *params, const void *const *constants, void *packed) {
    conv_pack(params, constants, MN_UINT8, packed);
}

const mn_kernel_traits mn_conv_u8_simd128_traits = {.need = conv_q8_need, .pack = conv_u8_pack};

void mn_conv_i8_simd128(const mn_task *task, int32_t begin, int32_t end) { conv_run(task, begin, end, MN_INT8); }
void mn_conv_u8_simd128(const mn_task *task, int32_t begin, int32_t end) { conv_run(task, begin, end, MN_UINT8); }

#endif

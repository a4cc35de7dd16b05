/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A convolution and the depthwise 3x3 convolution behind it, int8 and uint8, for AVX-512 VNNI. For one block of up to
 * 48 channels after another, four rows of the convolution are computed at a time into a ring small enough for the
 * nearest cache: one 32-bit lane holds the four rows of one channel, so that VPDPBUSD takes a column of the filter in
 * one step. Rows are grouped from the first that the filter meets, padding included, so that windows begin at a
 * group's first byte or, after a shift across two groups, in its middle. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#include "kernels/x86/conv_depthwise_q8.h"
#include "kernels/x86/q8_avx512.h"

/* A vector of results lies in the layout as it is in the register. */
Q8_INLINE void store_strip(const strip *s, __m512i bytes, uint8_t *out) { (void)s, _mm512_storeu_si512(out, bytes); }

#include "kernels/x86/conv_depthwise_q8_zmm.h"

static mn_layout output_layout(void) { return mn_layout_q8(); }

static inputs inputs_of(const band *b, int32_t index, int32_t row) { return (void)index, copied(b, row); }
static void prepare_copy(const band *b) { (void)b; }

/* ---- The convolution, into the ring --------------------------------------------------------------------- */

/* The accumulators of a column. */
typedef struct column {
    __m512i of[VECTORS][GROUP];
} column;

/* Keeps the compiler from computing accumulators earlier or later than here, for which it would run out of registers.
 */
Q8_INLINE void keep(int rows, int vectors, column *c) {
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        Q8_UNROLL for (int r = 0; r < rows; r++) __asm__("" : "+v"(c->of[v][r]));
    }
}

Q8_INLINE void multiply(int rows, int vectors, const uint8_t *const *from, int64_t quad, const int8_t *weights,
                        column *acc) {
    __m512i w[VECTORS];
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        w[v] = _mm512_loadu_si512(weights + (quad * vectors + v) * 64);
        __asm__("" : "+v"(w[v])); /* loaded once: there is one load in a cycle */
    }
    Q8_UNROLL for (int r = 0; r < rows; r++) {
        const __m512i four = mn_q8_four_bytes(from[r] + quad * 4);
        Q8_UNROLL for (int v = 0; v < vectors; v++) { acc->of[v][r] = _mm512_dpbusd_epi32(acc->of[v][r], four, w[v]); }
    }
    keep(rows, vectors, acc);
}

/* From accumulators to the ring, in floats. */
Q8_INLINE void finish(int rows, const group *g, int v, const column *acc, uint8_t *out) {
    const epilogue *e = &g->block->epilogue[v];
    const __m512 scale = _mm512_loadu_ps(e->scale), offset = _mm512_loadu_ps(e->offset);
    __m512i values[GROUP];
    Q8_UNROLL for (int r = 0; r < GROUP; r++) {
        values[r] = r < rows ? mn_q8_rescale(acc->of[v][r], scale, offset) : _mm512_setzero_si512();
    }
    store_vector(rows, g, mn_q8_narrow_4(values[0], values[1], values[2], values[3]), out + v * 64);
}

/* Takes off what weight zero points add and puts others in the places of those that floats get wrong. */
Q8_INLINE void adjust(int rows, int vectors, const group *g, int32_t x, column *acc) {
    Q8_UNROLL for (int r = 0; r < rows; r++) {
        if (g->weight_zero == 0) continue;
        const int32_t sum = g->sums[row_of(g, r) * g->sums_stride + x];
        const __m512i over = _mm512_set1_epi32(mn_q8_product(g->weight_zero, sum));
        Q8_UNROLL for (int v = 0; v < vectors; v++) acc->of[v][r] = _mm512_sub_epi32(acc->of[v][r], over);
    }
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        for (int32_t p = 0; p < g->block->conv_fixups[v] && !g->general; p++) {
            const __m512i at = _mm512_loadu_si512(g->extras->conv[v].fixup_at[p]);
            const __m512i substitute = _mm512_loadu_si512(g->extras->substitutes[v][p]);
            Q8_UNROLL for (int r = 0; r < rows; r++) {
                const __mmask16 same = _mm512_cmpeq_epi32_mask(acc->of[v][r], at);
                acc->of[v][r] = _mm512_mask_mov_epi32(acc->of[v][r], same, substitute);
            }
        }
    }
}

/* A column of a block that needs more than floats. */
Q8_NOINLINE static void finish_general(int32_t rows, const group *g, column *acc, uint8_t *out) {
    for (int32_t v = 0; v < g->vectors; v++) {
        __m512i *values = acc->of[v];
        const mn_q8_floats floats = floats_of(&g->block->epilogue[v], g->block->conv_fixups[v], &g->extras->conv[v]);
        if (floats.fixups == GENERAL)
            mn_q8_requant_some(GROUP, values, &g->extras->conv[v]);
        else
            mn_q8_rescale_some(GROUP, values, &floats);
        store_vector(rows, g, mn_q8_narrow_4(values[0], values[1], values[2], values[3]), out + v * 64);
    }
}

/* While the first products of a column are added up the accumulators of the last one are finished, a vector after a
 * step. Constants let the compiler keep them in registers. */
Q8_INLINE void conv_columns(int rows, int vectors, const group *shared, int32_t width) {
    const group g = *shared; /* nothing that is written can change it */
    const uint8_t *from[GROUP];
    uint8_t nowhere[VECTORS * 64], *out = nowhere;
    const char *prefetch = g.prefetch.weights.from;
    column acc, last;
    Q8_UNROLL for (int r = 0; r < rows; r++) from[r] = g.in.bytes + (size_t)row_of(&g, r) * g.in.row_stride;
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        Q8_UNROLL for (int r = 0; r < rows; r++) last.of[v][r] = _mm512_setzero_si512();
    }
    for (int32_t x = 0; x < width; x++) {
        Q8_UNROLL for (int v = 0; v < vectors; v++) {
            const __m512i folded_bias = _mm512_loadu_si512(g.block->epilogue[v].folded_bias);
            Q8_UNROLL for (int r = 0; r < rows; r++) acc.of[v][r] = folded_bias;
        }
        Q8_UNROLL for (int v = 0; v < vectors; v++) {
            multiply(rows, vectors, from, v, g.block->weights, &acc);
            finish(rows, &g, v, &last, out);
        }
        mn_q8_prefetch_now(prefetch, g.prefetch.each);
        prefetch += g.prefetch.each;
        for (int32_t i = vectors; i < g.in.quads; i++) multiply(rows, vectors, from, i, g.block->weights, &acc);
        keep(rows, vectors, &acc);
        if (g.adjusts) adjust(rows, vectors, &g, x, &acc);
        last = acc;
        out = g.out + (ptrdiff_t)x * vectors * 64;
        if (g.general) {
            column copy; /* in memory, so that the accumulators need not be */
            Q8_UNROLL for (int v = 0; v < vectors; v++) {
                Q8_UNROLL for (int r = 0; r < GROUP; r++) copy.of[v][r] = acc.of[v][r < rows ? r : 0];
            }
            finish_general(rows, &g, &copy, out);
            out = nowhere;
        }
        Q8_UNROLL for (int r = 0; r < rows; r++) from[r] += g.in.pixel_stride;
    }
    Q8_UNROLL for (int v = 0; v < vectors; v++) finish(rows, &g, v, &last, out);
}

Q8_INLINE void conv_vectors(int rows, const group *g, int32_t width) {
    switch (g->vectors) {
    case 3: conv_columns(rows, 3, g, width); break;
    case 2: conv_columns(rows, 2, g, width); break;
    default: conv_columns(rows, 1, g, width); break;
    }
}

/* Two rows are rare. */
Q8_TARGET static void conv_rows(const group *g, int32_t width) {
    switch (g->rows) {
    case 4: conv_vectors(4, g, width); break;
    case 1: conv_vectors(1, g, width); break;
    default: conv_vectors(3, g, width); break;
    }
}

#include "kernels/x86/conv_depthwise_q8_run.h"

void mn_conv_depthwise_i8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_INT8, MN_INT8);
}

void mn_conv_depthwise_u8_i8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_UINT8, MN_INT8);
}

void mn_conv_depthwise_u8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_UINT8, MN_UINT8);
}

#endif

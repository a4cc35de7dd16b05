/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A convolution and the depthwise 3x3 convolution behind it, int8, for AMX: the convolution's products are tiles of
 * up to 16 columns of a row by 16 channels, and four rows of them are finished together, as AVX-512 VNNI's kernel does,
 * whose depthwise convolution this is. uint8 weights are left to that one: their zero points would make every sum cost
 * more than tiles save. */
#include "kernels/kernels.h"

#ifdef MN_CPU_AMX_COMPILES

#include "kernels/x86/amx.h"
#include "kernels/x86/conv_depthwise_q8.h"
#include "kernels/x86/q8_avx512.h"

/* Four rows of 16 channels, 64 channels of a pixel side by side. */
Q8_INLINE void store_strip(const strip *s, __m512i bytes, uint8_t *out) {
    mn_q8_store_4(bytes, s->rows, mn_q8_lanes(LANES), out, s->out_row);
}

#include "kernels/x86/conv_depthwise_q8_zmm.h"

static mn_layout output_layout(void) { return mn_layout_q8_pixels(); }

static inputs inputs_of(const band *b, int32_t index, int32_t row) { return (void)index, copied(b, row); }
static void prepare_copy(const band *b) { (void)b; }

/* Columns of a tile: rows are cut into the fewest equal pieces. Where they are not quite equal the last begins within
 * the one before. */
static int32_t tile_columns(int32_t width) { return mn_groups_of(width, mn_groups_of(width, AMX_ROWS)); }

/* Some columns of four rows, and 16 channels. */
typedef struct piece {
    int32_t x, v;
} piece;

/* The weights of a piece, as far as registers keep them for all rows: those of the last two steps. */
AMX_INLINE void load_weights(const group *g, int32_t v, int32_t steps) {
    const int8_t *last = g->block->weights + ((steps - 1) * (AMX_DEPTH / 4) * g->vectors + v) * 64;
    amx_settle(last);
    if (steps > 1) amx_weights(false, last - AMX_DEPTH / 4 * g->vectors * 64, g->vectors * 64);
    amx_weights(true, last, g->vectors * 64);
}

/* Sums of one row of a piece. */
AMX_INLINE void multiply(int r, const group *g, piece at, int32_t steps) {
    const ptrdiff_t stride = (ptrdiff_t)g->in.pixel_stride;
    const uint8_t *in = g->in.bytes + (size_t)row_of(g, r) * g->in.row_stride + at.x * stride;
    amx_start(r, g->block->epilogue[at.v].folded_bias);
    for (int32_t i = 0; i + 1 < steps; i++, in += AMX_DEPTH) {
        if (steps > 2) {
            amx_weights(false, g->block->weights + (i * (AMX_DEPTH / 4) * g->vectors + at.v) * 64, g->vectors * 64);
        }
        amx_inputs(false, in, stride);
        amx_dot(false, r);
    }
    amx_inputs(true, in, stride);
    amx_dot(true, r);
}

/* Columns [first, end) of a piece, from sums to the ring. `plain`: four rows, in floats, without fixups. */
Q8_INLINE void finish(bool plain, const group *g, piece at, int32_t first, int32_t end, const amx_sums sums[GROUP]) {
    const mn_q8_floats floats =
        floats_of(&g->block->epilogue[at.v], g->block->conv_fixups[at.v], &g->extras->conv[at.v]);
    uint8_t *out = g->out + ((ptrdiff_t)(at.x + first) * g->vectors + at.v) * 64;
    for (int32_t x = first; x < end; x++, out += g->vectors * 64) {
        __m512i values[GROUP];
        Q8_UNROLL for (int r = 0; r < GROUP; r++) values[r] = _mm512_load_si512(sums[r][x]);
        if (plain) {
            Q8_UNROLL for (int r = 0; r < GROUP; r++) {
                values[r] = mn_q8_rescale(values[r], floats.scale, floats.offset);
            }
        } else {
            if (floats.fixups == GENERAL)
                mn_q8_requant_some(GROUP, values, floats.requant);
            else
                mn_q8_rescale_some(GROUP, values, &floats);
        }
        store_vector(plain ? GROUP : g->rows, g, mn_q8_narrow_4(values[0], values[1], values[2], values[3]), out);
    }
}

Q8_NOINLINE static void finish_general(const group *g, piece at, int32_t first, int32_t end,
                                       const amx_sums sums[GROUP]) {
    finish(false, g, at, first, end, sums);
}

Q8_INLINE void finish_any(const group *g, piece at, int32_t first, int32_t end, const amx_sums sums[GROUP]) {
    const bool plain = g->rows == GROUP && g->block->conv_fixups[at.v] == 0;
    if (plain)
        finish(true, g, at, first, end, sums);
    else
        finish_general(g, at, first, end, sums);
}

/* While the products of a piece are added up, row by row, the sums of the one before are finished. */
AMX_TARGET static void conv_rows(const group *shared, int32_t width) {
    const group g = *shared; /* nothing that is written can change it */
    _Alignas(64) amx_sums sums[2][GROUP];
    const int32_t columns = tile_columns(width), quarter = mn_groups_of(columns, GROUP);
    const int32_t pieces = mn_groups_of(width, columns) * g.vectors, steps = mn_groups_of(g.in.quads * 4, AMX_DEPTH);
    const char *prefetch = g.prefetch.weights.from;
    const size_t each = g.prefetch.each * (size_t)width / (size_t)pieces;
    piece last = {0, 0}, at = {0, 0};
    for (int32_t i = 0; i < pieces; i++, last = at) {
        at.v = i % g.vectors;
        if (i > 0 && at.v == 0) at.x = mn_min_i32(at.x + columns, width - columns);
        load_weights(&g, at.v, steps);
        mn_q8_prefetch_now(prefetch, each);
        prefetch += each;
        Q8_UNROLL for (int r = 0; r < GROUP; r++) {
            multiply(r, &g, at, steps);
            if (i > 0) {
                finish_any(&g, last, r * quarter, mn_min_i32((r + 1) * quarter, columns), sums[(i - 1) % 2]);
            }
            amx_store(r, sums[i % 2][r]);
        }
    }
    finish_any(&g, last, 0, columns, sums[(pieces - 1) % 2]);
}

#include "kernels/x86/conv_depthwise_q8_run.h"

AMX_TARGET static void run_in_tiles(const mn_task *task, int32_t begin, int32_t end, mn_type in) {
    const mn_conv_depthwise_params *p = task->params;
    amx_begin(tile_columns(p->conv.window.out_w), mn_conv_depthwise_q8_sizes(p, 1).quads * 4);
    run(task, begin, end, in, MN_INT8);
    amx_end();
}

void mn_conv_depthwise_i8_amx(const mn_task *task, int32_t begin, int32_t end) {
    run_in_tiles(task, begin, end, MN_INT8);
}

void mn_conv_depthwise_u8_i8_amx(const mn_task *task, int32_t begin, int32_t end) {
    run_in_tiles(task, begin, end, MN_UINT8);
}

#endif

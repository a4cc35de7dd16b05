/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution of blocks of 64 channels (layouts.h), and the ADD behind it, int8, for AMX. Pixels
 * of all rows lie in one line, which is cut into tiles of up to 16: two of them are multiplied by two panels at a time,
 * or four by one. */
#include "kernels/kernels.h"

#ifdef MN_CPU_AMX_COMPILES

#include "kernels/tile/cut.h"
#include "kernels/x86/amx.h"
#include "kernels/x86/project_q8.h"
#include "kernels/x86/project_q8_zmm.h"

enum { LANES = MN_PANEL_Q8_LANES, PANELS = 2 };

_Static_assert(PANELS *LANES == MN_PROJECT_CHANNELS, "a unit's channels are whole tiles");
_Static_assert((int)MN_Q8_PIXEL_BLOCK == (int)AMX_DEPTH, "a block's channels are a tile's products");

/* Some pixels of one image, and up to two panels. */
typedef struct job {
    results to;
    mn_extent in_extent;
    const uint8_t *image;
    const mn_panel_q8 *panel[PANELS];
    int32_t first, pixels;   /* of the image, and their number */
    int32_t tile;            /* pixels of a tile */
    int32_t left;            /* channels from the first on */
    bool plain;              /* floats alone, the short form of ADD */
    mn_q8_prefetch prefetch; /* of the next panels, or the next step */
} job;

static inline bool is_wide(const job *j) { return j->left > LANES; }

/* Where the pixels of tile `i` begin. Tiles are the fewest equal ones; where they are not quite equal, the last begin
 * within those before. */
static inline int32_t tile_at(const job *j, int32_t i) { return mn_min_i32(i * j->tile, j->pixels - j->tile); }

/* Channels of `block` that exist, of pixel `pixel` and those behind it; `*stride` are bytes from one to the next. */
static inline const uint8_t *inputs_at(const job *j, int32_t block, int32_t pixel, ptrdiff_t *stride) {
    *stride = (ptrdiff_t)mn_extent_block_vectors(&j->in_extent, block) * LANES;
    return j->image + mn_extent_offset(&j->in_extent, block, 0) + (j->first + pixel) * *stride;
}

/* ---- Products ------------------------------------------------------------------------------------------- */

/* Two tiles by two panels, or four by one, from `tile` on: which inputs and which panel a sum is of. */
static inline int input_of(bool wide, int sum) { return wide ? sum / PANELS : sum; }
static inline int panel_of(bool wide, int sum) { return wide ? sum % PANELS : 0; }
static inline int tiles_of(bool wide) { return input_of(wide, AMX_SUMS - 1) + 1; }

/* The products of one block, in an order in which few registers are loaded anew. */
AMX_INLINE void multiply_block(bool wide, bool last, const uint8_t *const *in, ptrdiff_t stride,
                               const int8_t *const *weights) {
    static const int wide_order[] = {0, 1, 3, 2};
    Q8_UNROLL for (int i = 0; i < AMX_SUMS; i++) {
        const int sum = wide ? wide_order[i] : i, before = wide ? wide_order[i > 0 ? i - 1 : 0] : i - 1;
        if (i == 0 || input_of(wide, sum) != input_of(wide, before)) amx_inputs(last, in[input_of(wide, sum)], stride);
        if (i == 0 || panel_of(wide, sum) != panel_of(wide, before)) {
            amx_weights(last, weights[panel_of(wide, sum)], 4 * LANES);
        }
        amx_dot(last, sum);
    }
}

/* Sums of the tiles from `tile` on. `fetched` bytes of what comes next are asked for with each block. */
AMX_INLINE void multiply(bool wide, job *j, int32_t tile, size_t fetched) {
    const int8_t *weights[PANELS] = {j->panel[0]->weights, j->panel[1]->weights};
    const int32_t blocks = j->in_extent.blocks;
    amx_settle(weights);
    Q8_UNROLL for (int i = 0; i < AMX_SUMS; i++) amx_start(i, j->panel[panel_of(wide, i)]->folded_bias);
    for (int32_t b = 0; b < blocks; b++) {
        const uint8_t *in[AMX_SUMS];
        ptrdiff_t stride = 0;
        for (int32_t i = 0; i < tiles_of(wide); i++) in[i] = inputs_at(j, b, tile_at(j, tile + i), &stride);
        if (b + 1 < blocks)
            multiply_block(wide, false, in, stride, weights);
        else
            multiply_block(wide, true, in, stride, weights);
        for (int32_t v = 0; v < PANELS; v++) weights[v] += AMX_DEPTH * LANES;
        mn_q8_prefetch_now(j->prefetch.from, fetched);
        j->prefetch.from += fetched;
    }
}

/* ---- From sums to results ------------------------------------------------------------------------------- */

/* Four sums from row `row` of a tile on, in whichever way does. */
Q8_NOINLINE static void finish_any(const job *j, int32_t v, int32_t pixel, int32_t pixels, __m512i *values) {
    mn_q8_requant_some(PIXELS, values, &j->panel[v]->requant);
    store_piece(&j->to, narrow(&j->to, values), pixels, mn_q8_lanes(j->left - v * LANES),
                pixel * j->to.stride + v * LANES, j->to.add->is_short);
}

/* One tile of one panel. */
Q8_INLINE void finish(const job *j, int32_t v, int32_t tile, const amx_sums sums) {
    const __mmask16 lanes = mn_q8_lanes(j->left - v * LANES);
    const int32_t first = tile_at(j, tile);
    for (int32_t row = 0; row < j->tile; row += PIXELS) {
        const int32_t pixels = mn_min_i32(j->tile - row, PIXELS);
        __m512i values[PIXELS];
        Q8_UNROLL for (int i = 0; i < PIXELS; i++) {
            values[i] = _mm512_load_si512(sums[mn_min_i32(row + i, j->tile - 1)]);
        }
        if (j->plain) {
            store_piece(&j->to, requantise(&j->to, values, j->panel[v]), pixels, lanes,
                        (first + row) * j->to.stride + v * LANES, true);
        } else {
            finish_any(j, v, first + row, pixels, values);
        }
    }
}

Q8_INLINE void finish_tiles(bool wide, const job *shared, int32_t tile, const amx_sums sums[AMX_SUMS]) {
    const job j = *shared; /* nothing that is written can change it */
    for (int i = 0; i < AMX_SUMS; i++) finish(&j, panel_of(wide, i), tile + input_of(wide, i), sums[i]);
}

/* ---- Running -------------------------------------------------------------------------------------------- */

/* While the products of some tiles are added up those before are finished. */
AMX_INLINE void run_tiles(bool wide, job *j) {
    _Alignas(64) amx_sums sums[2][AMX_SUMS];
    const int32_t step = tiles_of(wide), count = mn_groups_of(j->pixels, step * AMX_ROWS);
    const size_t blocks = (size_t)count * (size_t)j->in_extent.blocks;
    const size_t fetched = mn_round_up((size_t)(j->prefetch.end - j->prefetch.from) / blocks, 64);
    j->tile = mn_groups_of(j->pixels, count * step);
    amx_begin(j->tile, j->in_extent.vectors * LANES);
    for (int32_t i = 0; i < count; i++) {
        multiply(wide, j, i * step, fetched);
        if (i > 0) finish_tiles(wide, j, (i - 1) * step, sums[(i - 1) % 2]);
        Q8_UNROLL for (int k = 0; k < AMX_SUMS; k++) amx_store(k, sums[i % 2][k]);
    }
    finish_tiles(wide, j, (count - 1) * step, sums[(count - 1) % 2]);
}

AMX_TARGET static void run_wide(job *j) { run_tiles(true, j); }
AMX_TARGET static void run_narrow(job *j) { run_tiles(false, j); }

static mn_q8_prefetch prefetch_of(const job *j, const mn_task *task, size_t stride) {
    if (j->left <= PANELS * LANES) return mn_q8_prefetch_of(task, MN_Q8_PREFETCH_MAX);
    const char *from = (const char *)j->panel[0] + PANELS * stride;
    return (mn_q8_prefetch){from, from + PANELS * stride};
}

/* Some panels after others, so that their weights stay near. */
static void run_range(job *j, const mn_task *task, const mn_project_range *range) {
    const mn_project_params *p = task->params;
    const mn_window *w = &p->conv.window;
    const char *panels = (const char *)task->packed + header_bytes();
    const size_t stride = mn_panel_q8_bytes(depth_of(w));
    j->image = (const uint8_t *)task->inputs[0] + (size_t)range->batch * mn_extent_image(&j->in_extent);
    j->first = range->first_row * w->out_w;
    j->pixels = (range->last_row - range->first_row) * w->out_w;
    for (int32_t channel = range->first_channel; channel < range->last_channel; channel += PANELS * LANES) {
        const size_t before = (size_t)range->batch * (size_t)w->out_h * (size_t)w->out_w + (size_t)j->first;
        const size_t at = before * (size_t)w->out_c + (size_t)channel;
        j->to.residual = p->adds ? (const uint8_t *)task->inputs[3] + at : NULL;
        j->to.out = (uint8_t *)task->output + at;
        j->left = range->last_channel - channel;
        j->plain = !p->adds || j->to.add->is_short;
        for (int32_t v = 0; v < PANELS; v++) {
            j->panel[v] = mn_panel_q8_at(panels, stride, channel / LANES + (is_wide(j) ? v : 0));
            j->plain = j->plain && (j->panel[v]->requant.is_float || j->panel[v]->requant.is_fixed_up);
        }
        j->prefetch = prefetch_of(j, task, stride);
        (is_wide(j) ? run_wide : run_narrow)(j);
    }
}

AMX_TARGET void mn_project_i8_amx(const mn_task *task, int32_t begin, int32_t end) {
    const mn_project_params *p = task->params;
    const mn_window *w = &p->conv.window;
    job j = {.to = {.zeros = mn_q8_zeros_of(&p->conv, MN_INT8),
                    .add = &((const header *)task->packed)->add,
                    .residual_first = p->residual_first,
                    .stride = w->out_c},
             .in_extent = mn_extent_of(mn_layout_q8_pixels(), w->in_h, w->in_w, w->in_c)};
    while (begin < end) {
        const mn_project_range range = mn_project_next(w, task->cut, &begin, end);
        run_range(&j, task, &range);
    }
    amx_end();
}

#endif

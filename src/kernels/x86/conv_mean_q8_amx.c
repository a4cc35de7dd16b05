/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution of few pixels and MEAN or AVERAGE_POOL_2D over whole images behind it, int8, for AMX:
 * four tiles of pixels by one panel. */
#include "kernels/kernels.h"

#ifdef MN_CPU_AMX_COMPILES

#include "kernels/x86/amx.h"
#include "kernels/x86/conv_mean_q8_zmm.h"

/* Four tiles of pixels and a panel. */
typedef struct piece {
    int32_t panel;
    int32_t first; /* pixel */
} piece;

/* How the pixels of an image are cut: groups of four tiles, tiles of equal numbers of pixels. */
typedef struct cuts {
    int32_t groups, tile;
} cuts;

static cuts cuts_of(int32_t pixels) {
    const int32_t groups = mn_groups_of(pixels, AMX_SUMS * AMX_ROWS);
    return (cuts){groups, mn_groups_of(pixels, AMX_SUMS * groups)};
}

/* The first pixel of the tile that should begin at `pixel`: it ends with the image. */
static inline int32_t within(const job *j, const cuts *c, int32_t pixel) {
    return mn_min_i32(pixel, j->pixels - c->tile);
}

AMX_INLINE void multiply(const job *j, const cuts *c, piece at) {
    const mn_panel_q8 *panel = panel_of(j, at.panel);
    const int8_t *weights = panel->weights;
    const int32_t depth = j->tiles.depth;
    const uint8_t *in[AMX_SUMS];
    amx_settle(weights);
    Q8_UNROLL for (int i = 0; i < AMX_SUMS; i++) {
        in[i] = j->tiles.rows + (ptrdiff_t)within(j, c, at.first + i * c->tile) * depth;
        amx_start(i, panel->folded_bias);
    }
    int32_t done = 0;
    for (; done + AMX_DEPTH < depth; done += AMX_DEPTH, weights += AMX_DEPTH * LANES) {
        amx_weights(false, weights, 4 * LANES);
        Q8_UNROLL for (int i = 0; i < AMX_SUMS; i++) {
            amx_inputs(false, in[i] + done, depth);
            amx_dot(false, i);
        }
    }
    amx_weights(true, weights, 4 * LANES);
    Q8_UNROLL for (int i = 0; i < AMX_SUMS; i++) {
        amx_inputs(true, in[i] + done, depth);
        amx_dot(true, i);
    }
}

/* Adds the results of one tile to `total`. A tile that begins before `first` has those pixels in common with others. */
Q8_INLINE __m512i finish(const job *j, const cuts *c, const mn_panel_q8 *panel, int32_t first, const amx_sums sums,
                         __m512i total) {
    for (int32_t row = first - within(j, c, first); row < c->tile; row += 4) {
        __m512i acc[4];
        Q8_UNROLL for (int i = 0; i < 4; i++) {
            const int32_t there = mn_min_i32(row + i, c->tile - 1);
            acc[i] = _mm512_load_si512(sums[there]);
        }
        mn_q8_requant_some(4, acc, &panel->requant);
        total = add_results(j, total, mn_q8_narrow_4(acc[0], acc[1], acc[2], acc[3]), c->tile - row);
    }
    return total;
}

/* All tiles of a piece; behind an image's last comes its mean. */
Q8_INLINE __m512i finish_piece(const job *j, const cuts *c, piece at, const amx_sums sums[AMX_SUMS], __m512i total) {
    if (at.first == 0) total = _mm512_set1_epi32(j->offset);
    for (int32_t i = 0; i < AMX_SUMS; i++) {
        total = finish(j, c, panel_of(j, at.panel), at.first + i * c->tile, sums[i], total);
    }
    if (at.first + AMX_SUMS * c->tile >= j->pixels) store_means(j, at.panel, total);
    return total;
}

/* How many panels ahead weights are fetched: further than memory is away. */
enum { AHEAD = 4 };

/* Asks for one more panel: of this step, then of the next one. */
static inline void fetch_panel(const job *j, mn_q8_prefetch *own, mn_q8_prefetch *next) {
    mn_q8_prefetch *from = own->from < own->end ? own : next;
    const size_t left = (size_t)(from->end - from->from), bytes = left < j->tiles.stride ? left : j->tiles.stride;
    mn_q8_prefetch_now(from->from, bytes);
    from->from += bytes;
}

/* Columns [i, end). While the products of a piece are added up the sums of the one before are finished. */
AMX_TARGET static void run_panels(const job *j, const mn_task *task, int32_t i, int32_t end) {
    _Alignas(64) amx_sums sums[2][AMX_SUMS];
    const cuts c = cuts_of(j->pixels);
    const int32_t first = i * c.groups, last = end * c.groups;
    mn_q8_prefetch own = {(const char *)panel_of(j, mn_min_i32(i + 1, end)), (const char *)panel_of(j, end)};
    mn_q8_prefetch next = mn_q8_prefetch_of(task, LATER_BYTES);
    for (int32_t k = 1; k < AHEAD; k++) fetch_panel(j, &own, &next);
    __m512i total = _mm512_setzero_si512();
    piece before = {0, 0};
    amx_begin(c.tile, j->tiles.depth);
    for (int32_t k = first; k < last; k++) {
        const piece at = {k / c.groups, k % c.groups * AMX_SUMS * c.tile};
        multiply(j, &c, at);
        if (at.first == 0) fetch_panel(j, &own, &next);
        if (k > first) total = finish_piece(j, &c, before, sums[(k - 1) % 2], total);
        Q8_UNROLL for (int s = 0; s < AMX_SUMS; s++) amx_store(s, sums[k % 2][s]);
        before = at;
    }
    finish_piece(j, &c, before, sums[(last - 1) % 2], total);
    amx_end();
}

void mn_conv_mean_i8_amx(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution of few pixels and MEAN or AVERAGE_POOL_2D over whole images behind it, int8 and uint8. The
 * work is cut by channels, so that the results of a channel are added up as they come and never stored. Included behind
 * one of the products_*.h; gives conv_mean_need(), conv_mean_pack() and conv_mean_run(). */
#include "base/checked.h"
#include "kernels/arm/average_q8.h"
#include "kernels/arm/flat_q8.h"
#include "kernels/arm/span_q8.h"
#include "kernels/arm/tile_q8.h"
#include "kernels/tile/cut.h"

_Static_assert((int)MN_CONV_MEAN_CHANNELS == (int)MN_ARM_LANES, "a unit is a panel");

/* Every thread copies images that do not lie as wanted for itself; no more than this, some of L2. */
enum { IMAGE_BYTES = 128 * 1024 };

/* Workspace: pixels as they are multiplied, if that is not the input, then their sums. */
typedef struct image {
    mn_arm_span in;
    int32_t pixels;
    size_t sums, bytes; /* offset and end */
} image;

static image image_of(const mn_conv_params *p, mn_type type) {
    image i = {.in = mn_arm_span_of(&p->window, p->in_zero, type == MN_UINT8 ? 0x80 : 0),
               .pixels = p->window.in_h * p->window.in_w};
    i.sums = i.in.copies ? mn_round_up((size_t)i.pixels * (size_t)i.in.depth, 64) : 0;
    i.bytes = i.sums + (type == MN_UINT8 ? (size_t)i.pixels * sizeof(int32_t) : 0);
    return i;
}

static bool conv_mean_need(const mn_conv_mean_params *p, mn_type type, mn_kernel_need *need) {
    const mn_window *w = &p->conv.window;
    const int64_t pixels = (int64_t)w->in_h * w->in_w;
    if (p->conv.groups != 1 || !mn_window_is_pointwise(w) || !mn_arm_fits(&p->conv)) return false;
    if (pixels * w->in_c > IMAGE_BYTES || pixels > MN_ARM_MAX_CELLS) return false;
    if (p->pooling == MN_POOLING_NONE || (p->pooling == MN_POOLING_MEAN && p->mean.shift >= 0)) return false;
    need->packed_bytes = mn_arm_panels_of(w->out_c, w->in_c, GROUP).bytes;
    need->workspace_bytes = image_of(&p->conv, type).bytes;
    return true;
}

static void conv_mean_pack(const mn_conv_mean_params *p, mn_type type, const void *const *constants, void *packed) {
    mn_arm_panels_pack(&p->conv, type, constants, p->conv.window.in_c, GROUP, packed);
}

/* ---- Running -------------------------------------------------------------------------------------------- */

/* One image. */
typedef struct job {
    const mn_conv_mean_params *p;
    mn_arm_panels panels;
    tile tile; /* its first pixels; the panel is each in turn */
    image image;
    int32_t offset; /* added to the results of all pixels before they are averaged */
    mn_arm_average average;
    uint8_t *out;
} job;

/* Adds the results of some pixels up. */
Q8_TARGET Q8_INLINE void add_tile(int rows, const tile *t, int32x4_t totals[MN_ARM_VECTORS]) {
    int8x16_t bytes[ROWS];
    run_tile(rows, MN_ARM_VECTORS, false, MN_ARM_ANY, t, bytes);
    int16x8_t low = vmovl_s8(vget_low_s8(bytes[0])), high = vmovl_s8(vget_high_s8(bytes[0]));
    Q8_UNROLL for (int r = 1; r < rows; r++) {
        low = vaddw_s8(low, vget_low_s8(bytes[r]));
        high = vaddw_s8(high, vget_high_s8(bytes[r]));
    }
    totals[0] = vaddw_s16(totals[0], vget_low_s16(low));
    totals[1] = vaddw_high_s16(totals[1], low);
    totals[2] = vaddw_s16(totals[2], vget_low_s16(high));
    totals[3] = vaddw_high_s16(totals[3], high);
}

/* MEAN. */
Q8_TARGET Q8_INLINE uint8x16_t means_of(const job *j, int32x4_t totals[MN_ARM_VECTORS]) {
    const mn_mean_params *p = &j->p->mean;
    const uint8_t flip = j->tile.finish.flip;
    const int16_t zero = (int16_t)(p->out_zero - flip);
    Q8_UNROLL for (int v = 0; v < MN_ARM_VECTORS; v++) {
        totals[v] = mn_arm_rescale(totals[v], vdupq_n_s32(p->multiplier), vdupq_n_s32(p->shift), true);
    }
    const int8x8_t low = vqmovn_s16(mn_arm_to_16(totals[0], totals[1], zero));
    return mn_arm_stored(vqmovn_high_s16(low, mn_arm_to_16(totals[2], totals[3], zero)), flip);
}

#define ADD_TILE(rows) add_tile(rows, &t, totals)

/* All pixels of 16 channels. */
Q8_TARGET static void run_panel(const job *j, const void *packed, int32_t index) {
    const int32_t channel = index * MN_ARM_LANES;
    tile t = j->tile;
    int32x4_t totals[MN_ARM_VECTORS];
    t.panel = mn_arm_panel_at(&j->panels, packed, index);
    for (int v = 0; v < MN_ARM_VECTORS; v++) totals[v] = vdupq_n_s32(j->offset);
    for (int32_t left = j->image.pixels, rows; left > 0; left -= rows) {
        rows = next_rows(left);
        EACH_ROWS(rows, ADD_TILE)
        advance_tile(&t, rows);
    }
    const bool is_mean = j->p->pooling == MN_POOLING_MEAN;
    mn_arm_store(j->out + channel, is_mean ? means_of(j, totals) : mn_arm_averages(totals, &j->average),
                 j->p->conv.window.out_c - channel);
}

static void conv_mean_run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_mean_params *p = task->params;
    const mn_window *w = &p->conv.window;
    const mn_arm_zeros zeros = mn_arm_zeros_of(&p->conv, type);
    const image span = image_of(&p->conv, type);
    const int32_t pixels = span.pixels;
    int32_t *sums = (int32_t *)(void *)((char *)task->workspace + span.sums);
    job j = {.p = p,
             .panels = mn_arm_panels_of(w->out_c, w->in_c, GROUP),
             .tile = {.step = span.in.depth,
                      .depth = mn_groups_of(w->in_c, STEP) * STEP,
                      .finish = mn_arm_finish_of(&zeros),
                      .weight_zero = zeros.weight,
                      .sums = sums},
             .image = span,
             .offset = pixels * (zeros.flip - (p->pooling == MN_POOLING_MEAN ? p->mean.in_zero : 0)),
             .average = mn_arm_average_of(pixels, p->range)};
    while (begin < end) {
        const int32_t batch = begin / j.panels.count, first = begin % j.panels.count;
        const int32_t last = mn_min_i32(j.panels.count, first + end - begin);
        j.tile.in = mn_arm_read_span(&span.in, task->inputs[0], (ptrdiff_t)batch * pixels, pixels, task->workspace);
        if (zeros.weight) mn_arm_sum_rows(j.tile.in, span.in.depth, w->in_c, pixels, sums);
        j.out = (uint8_t *)task->output + (ptrdiff_t)batch * w->out_c;
        for (int32_t i = first; i < last; i++) run_panel(&j, task->packed, i);
        begin += last - first;
    }
}

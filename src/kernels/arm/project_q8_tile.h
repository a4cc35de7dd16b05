/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution from blocks of channels (layouts.h), and the ADD behind it, int8 and uint8. Included behind
 * one of the products_*.h; gives project_need(), project_pack() and project_run(). */
#include <string.h>

#include "base/checked.h"
#include "kernels/arm/add_q8.h"
#include "kernels/arm/layouts.h"
#include "kernels/arm/tile_q8.h"
#include "kernels/tile/cut.h"

enum { LANES = MN_ARM_LANES };

_Static_assert(MN_PROJECT_CHANNELS % LANES == 0, "a unit's channels are whole panels");

/* Of uint8, a span of pixels is flipped into the workspace; it stays within this many bytes, and this many pixels. */
enum { SPAN_BYTES = 16 * 1024, SPAN_PIXELS = 256 };

/* Workspace: pixels, in blocks as the input is, then their sums. */
typedef struct span {
    int32_t pixels;
    size_t sums, bytes;
} span;

static span span_of(const mn_window *w) {
    const int32_t pixel = mn_groups_of(w->in_c, BLOCK) * BLOCK;
    span s = {.pixels = mn_clamp_i32(SPAN_BYTES / pixel / 12 * 12, 12, SPAN_PIXELS)};
    s.sums = (size_t)s.pixels * (size_t)pixel;
    s.bytes = s.sums + (size_t)s.pixels * sizeof(int32_t);
    return s;
}

static bool project_need(const void *params, mn_type type, mn_kernel_need *need) {
    const mn_project_params *p = params;
    const mn_window *w = &p->conv.window;
    if (w->in_c > MN_ARM_MAX_DEPTH || !mn_arm_fits(&p->conv) || (p->adds && !mn_arm_add_fits(&p->add))) return false;
    need->packed_bytes = mn_arm_panels_of(w->out_c, w->in_c, GROUP).bytes;
    need->workspace_bytes = type == MN_UINT8 ? span_of(w).bytes : 0;
    return true;
}

static void project_pack(const void *params, mn_type type, const void *const *constants, void *packed) {
    const mn_project_params *p = params;
    mn_arm_panels_pack(&p->conv, type, constants, p->conv.window.in_c, GROUP, packed);
}

static void project_layouts(const void *params, mn_layout *in, mn_layout *out) {
    (void)params, (void)out;
    *in = mn_layout_arm_q8(BLOCK);
}

/* ---- Running -------------------------------------------------------------------------------------------- */

/* A panel against some pixels. */
typedef struct job {
    const mn_project_params *p;
    mn_arm_add add;
    bool residual_first; /* operand of a difference; of a sum it is the second one */
    tile tile;
    int32_t count;           /* stored channels */
    const uint8_t *residual; /* of the first pixel and the panel's first channel, or NULL */
    uint8_t *out;
} job;

Q8_INLINE uint8x16_t load_some(const uint8_t *from, int32_t count) {
    if (count >= LANES) return vld1q_u8(from);
    if (count == LANES / 2) return vcombine_u8(vld1_u8(from), vdup_n_u8(0));
    uint8_t copy[LANES] = {0};
    for (int32_t i = 0; i < count; i++) copy[i] = from[i];
    return vld1q_u8(copy);
}

/* Some pixels' results and what is added to them, `at` bytes from the first. */
Q8_INLINE void add_sort(mn_arm_add_sort sort, const job *j, int rows, int8x16_t *bytes, ptrdiff_t at) {
    const mn_arm_add add = j->add;
    const uint8x16_t flip = vdupq_n_u8(add.finish.flip);
    const ptrdiff_t channels = j->p->conv.window.out_c;
    const int32_t count = j->count;
    const uint8_t *from = j->residual + at;
    for (int r = 0; r < rows; r++, from += channels) {
        const int8x16_t other = vreinterpretq_s8_u8(veorq_u8(load_some(from, count), flip));
        if (sort == MN_ARM_ADD_ANY && j->residual_first) {
            bytes[r] = mn_arm_add_bytes(&add, sort, other, bytes[r]);
        } else {
            bytes[r] = mn_arm_add_bytes(&add, sort, bytes[r], other);
        }
    }
}

/* No tile is long enough for so much code. */
__attribute__((noinline)) static void add_residuals(const job *j, int rows, int8x16_t *bytes, ptrdiff_t at) {
    switch (mn_arm_add_sort_of(&j->add)) {
    case MN_ARM_ADD_FIRST_HALVED: add_sort(MN_ARM_ADD_FIRST_HALVED, j, rows, bytes, at); break;
    case MN_ARM_ADD_SECOND_HALVED: add_sort(MN_ARM_ADD_SECOND_HALVED, j, rows, bytes, at); break;
    default: add_sort(MN_ARM_ADD_ANY, j, rows, bytes, at); break;
    }
}

Q8_TARGET Q8_INLINE void run_stored(int rows, int vectors, mn_arm_ending ending, const tile *t, const job *j,
                                    ptrdiff_t at) {
    const ptrdiff_t channels = j->p->conv.window.out_c;
    const uint8x16_t flip = vdupq_n_u8(t->finish.flip);
    int8x16_t bytes[ROWS];
    run_tile(rows, vectors, true, ending, t, bytes);
    if (j->residual) add_residuals(j, rows, bytes, at);
    Q8_UNROLL for (int r = 0; r < rows; r++) {
        const uint8x16_t stored = veorq_u8(vreinterpretq_u8_s8(bytes[r]), flip);
        if (vectors == MN_ARM_VECTORS && j->count >= LANES) {
            vst1q_u8(j->out + at + r * channels, stored);
        } else {
            mn_arm_store(j->out + at + r * channels, stored, j->count);
        }
    }
}

#define RUN_SIGNED(rows) run_stored(rows, MN_ARM_VECTORS, MN_ARM_SIGNED, &t, j, at)
#define RUN_ALL(rows) run_stored(rows, MN_ARM_VECTORS, MN_ARM_ANY, &t, j, at)
#define RUN_HALF(rows) run_stored(rows, MN_ARM_VECTORS / 2, MN_ARM_ANY, &t, j, at)

/* `count` pixels. */
Q8_TARGET static void run_panel(const job *j, int32_t count) {
    tile t = j->tile;
    const bool is_signed = j->count > LANES / 2 && ending_of(&t, MN_ARM_SIGNED) == MN_ARM_SIGNED;
    ptrdiff_t at = 0;
    for (int32_t left = count, rows; left > 0; left -= rows) {
        rows = next_rows(left);
        if (is_signed) {
            EACH_ROWS(rows, RUN_SIGNED)
        } else if (j->count > LANES / 2) {
            EACH_ROWS(rows, RUN_ALL)
        } else {
            EACH_ROWS(rows, RUN_HALF)
        }
        advance_tile(&t, rows);
        at += (ptrdiff_t)rows * j->p->conv.window.out_c;
    }
}

/* All channels of some pixels, of which the first is `pixel` of all images. */
static void run_pixels(job *j, const mn_task *task, const mn_project_range *range, size_t pixel, int32_t count) {
    const mn_window *w = &j->p->conv.window;
    const mn_arm_panels panels = mn_arm_panels_of(w->out_c, w->in_c, GROUP);
    for (int32_t c = range->first_channel; c < range->last_channel; c += LANES) {
        const size_t at = pixel * (size_t)w->out_c + (size_t)c;
        j->tile.panel = mn_arm_panel_at(&panels, task->packed, c / LANES);
        j->count = mn_min_i32(LANES, range->last_channel - c);
        j->residual = j->p->adds ? (const uint8_t *)task->inputs[3] + at : NULL;
        j->out = (uint8_t *)task->output + at;
        run_panel(j, count);
    }
}

/* 16 bytes flipped, or 0 where the mask is. */
Q8_INLINE int8x16_t flip_some(const uint8_t *from, uint8x16_t mask, uint8_t *to) {
    const uint8x16_t bytes = vandq_u8(veorq_u8(vld1q_u8(from), vdupq_n_u8(0x80)), mask);
    vst1q_u8(to, bytes);
    return vreinterpretq_s8_u8(bytes);
}

/* Those of a block of two pixels; four sums of either. */
Q8_INLINE int16x8_t flip_two(const uint8_t *from, const uint8x16_t mask[2], uint8_t *to) {
    if (BLOCK == 8) return vpaddlq_s8(flip_some(from, mask[0], to));
    int16x8_t sums[2];
    for (int i = 0; i < 2; i++, from += BLOCK, to += BLOCK) {
        const int8x16_t low = flip_some(from, mask[0], to), high = flip_some(from + 16, mask[1], to + 16);
        sums[i] = vpadalq_s8(vpaddlq_s8(low), high);
    }
    return vpaddq_s16(sums[0], sums[1]);
}

/* Those of four pixels, and their sums added to `sums`. */
Q8_INLINE void flip_four(const uint8_t *from, const uint8x16_t mask[2], uint8_t *to, int32_t *sums) {
    const int16x8_t low = flip_two(from, mask, to), high = flip_two(from + 2 * BLOCK, mask, to + 2 * BLOCK);
    vst1q_s32(sums, vpadalq_s16(vld1q_s32(sums), vpaddq_s16(low, high)));
}

/* A block of `count` pixels, of which `channels` exist. */
static void flip_block(const uint8_t *from, int32_t channels, int32_t count, uint8_t *to, int32_t *sums) {
    uint8_t exists[32], four[4 * BLOCK] = {0};
    for (int32_t i = 0; i < 32; i++) exists[i] = i % BLOCK < channels ? 0xff : 0;
    const uint8x16_t mask[2] = {vld1q_u8(exists), vld1q_u8(exists + 16)};
    for (; count >= 4; count -= 4, from += 4 * BLOCK, to += 4 * BLOCK, sums += 4) flip_four(from, mask, to, sums);
    if (count > 0) {
        const size_t bytes = (size_t)count * BLOCK;
        int32_t four_sums[4] = {0};
        memcpy(four, from, bytes);
        flip_four(four, mask, four, four_sums);
        memcpy(to, four, bytes);
        for (int32_t i = 0; i < count; i++) sums[i] += four_sums[i];
    }
}

/* Takes pixels [first, first + count) of uint8 instead, flipped, and their sums. */
static void set_span(tile *t, const mn_window *w, int32_t first, int32_t count, void *workspace) {
    const uint8_t *from = (const uint8_t *)t->in + (ptrdiff_t)first * BLOCK;
    uint8_t *to = workspace;
    int32_t *sums = (int32_t *)(void *)(to + span_of(w).sums);
    const size_t bytes = (size_t)count * BLOCK;
    memset(sums, 0, (size_t)count * sizeof *sums);
    for (int32_t c = 0; c < w->in_c; c += BLOCK, from += t->block_step, to += bytes) {
        flip_block(from, mn_min_i32(BLOCK, w->in_c - c), count, to, sums);
    }
    t->in = workspace;
    t->block_step = (ptrdiff_t)bytes;
    t->sums = sums;
}

/* Rows and channels of one image. */
static void run_range(job *j, const mn_task *task, const mn_project_range *range) {
    const mn_window *w = &j->p->conv.window;
    const mn_extent e = mn_extent_of(mn_layout_arm_q8(BLOCK), w->in_h, w->in_w, w->in_c);
    const int32_t pixels = (range->last_row - range->first_row) * w->out_w;
    const int8_t *image = (const int8_t *)task->inputs[0] + (size_t)range->batch * mn_extent_image(&e);
    const size_t pixel = ((size_t)range->batch * (size_t)w->out_h + (size_t)range->first_row) * (size_t)w->out_w;
    tile t = j->tile;
    t.in = image + mn_extent_offset(&e, 0, range->first_row);
    t.blocks = w->in_c / BLOCK;
    t.depth = mn_groups_of(w->in_c % BLOCK, STEP) * STEP;
    t.step = BLOCK;
    t.block_step = BLOCK * (ptrdiff_t)e.rows * e.width;
    for (int32_t first = 0, count; first < pixels; first += count) {
        count = t.finish.flip ? mn_min_i32(span_of(w).pixels, pixels - first) : pixels;
        j->tile = t;
        if (t.finish.flip) set_span(&j->tile, w, first, count, task->workspace);
        run_pixels(j, task, range, pixel + (size_t)first, count);
    }
}

static void project_run(const mn_task *task, mn_type type, int32_t begin, int32_t end) {
    const mn_project_params *p = task->params;
    const mn_arm_zeros zeros = mn_arm_zeros_of(&p->conv, type);
    job j = {.p = p, .tile = {.finish = mn_arm_finish_of(&zeros), .weight_zero = zeros.weight}};
    if (p->adds) {
        j.add = mn_arm_add_of(&p->add, type);
        j.residual_first = p->residual_first && j.add.subtract;
        if (p->residual_first && !j.add.subtract) mn_arm_add_exchange(&j.add);
    }
    while (begin < end) {
        const mn_project_range range = mn_project_next(&p->conv.window, task->cut, &begin, end);
        run_range(&j, task, &range);
    }
}

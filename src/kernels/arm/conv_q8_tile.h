/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 convolution. A span of pixels is gathered, or lies there as it is; then each panel of channels meets
 * all of it. Included behind one of the products_*.h; gives conv_need(), conv_pack() and conv_run(). */
#include "base/checked.h"
#include "kernels/arm/span_q8.h"
#include "kernels/arm/tile_q8.h"
#include "kernels/portable/window.h"

/* A span stays within this many bytes, some of L2, and this many pixels. */
enum { SPAN_BYTES = 48 * 1024, SPAN_PIXELS = 1024 };

/* Workspace: pixels as they are multiplied, then their sums. */
typedef struct span {
    mn_arm_span in;
    int32_t pixels;
    size_t sums, bytes; /* offset and end */
} span;

static span span_of(const mn_conv_params *p, mn_type type) {
    span s = {.in = mn_arm_span_of(&p->window, p->in_zero, type == MN_UINT8 ? 0x80 : 0)};
    s.pixels = mn_clamp_i32(SPAN_BYTES / (int32_t)s.in.depth / 12 * 12, 12, SPAN_PIXELS);
    s.sums = s.in.copies ? mn_round_up((size_t)s.pixels * (size_t)s.in.depth, 64) : 0;
    s.bytes = s.sums + (type == MN_UINT8 ? (size_t)s.pixels * sizeof(int32_t) : 0);
    return s;
}

static bool conv_need(const mn_conv_params *p, mn_type type, mn_kernel_need *need) {
    const mn_window *w = &p->window;
    if (p->groups != 1 || mn_window_depth(w) > MN_ARM_MAX_DEPTH || !mn_arm_fits(p)) return false;
    need->packed_bytes = mn_arm_panels_of(w->out_c, (int32_t)mn_window_depth(w), GROUP).bytes;
    need->workspace_bytes = span_of(p, type).bytes;
    return true;
}

static void conv_pack(const mn_conv_params *p, mn_type type, const void *const *constants, void *packed) {
    mn_arm_panels_pack(p, type, constants, (int32_t)mn_window_depth(&p->window), GROUP, packed);
}

/* ---- Running -------------------------------------------------------------------------------------------- */

/* A panel against a span. */
typedef struct job {
    tile tile;
    int32_t out_c, count; /* stored channels */
    uint8_t *out;         /* of the span's first pixel and the panel's first channel */
} job;

Q8_TARGET Q8_INLINE void run_stored(int rows, int vectors, const tile *t, const job *j, uint8_t *out) {
    int8x16_t bytes[ROWS];
    run_tile(rows, vectors, false, MN_ARM_ANY, t, bytes);
    Q8_UNROLL for (int r = 0; r < rows; r++) {
        const uint8x16_t stored = veorq_u8(vreinterpretq_u8_s8(bytes[r]), vdupq_n_u8(t->finish.flip));
        if (vectors == MN_ARM_VECTORS && j->count >= MN_ARM_LANES) {
            vst1q_u8(out + (ptrdiff_t)r * j->out_c, stored);
        } else {
            mn_arm_store(out + (ptrdiff_t)r * j->out_c, stored, j->count);
        }
    }
}

#define RUN_ALL(rows) run_stored(rows, MN_ARM_VECTORS, &t, j, out)
#define RUN_HALF(rows) run_stored(rows, MN_ARM_VECTORS / 2, &t, j, out)

Q8_TARGET static void run_panel(const job *j, int32_t count) {
    tile t = j->tile;
    uint8_t *out = j->out;
    for (int32_t left = count, rows; left > 0; left -= rows) {
        rows = next_rows(left);
        if (j->count > MN_ARM_LANES / 2) {
            EACH_ROWS(rows, RUN_ALL)
        } else {
            EACH_ROWS(rows, RUN_HALF)
        }
        advance_tile(&t, rows);
        out += (ptrdiff_t)rows * j->out_c;
    }
}

static void conv_run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    const mn_arm_zeros zeros = mn_arm_zeros_of(p, type);
    const span s = span_of(p, type);
    const int32_t products = (int32_t)mn_window_depth(w);
    const mn_arm_panels panels = mn_arm_panels_of(w->out_c, products, GROUP);
    int32_t *sums = (int32_t *)(void *)((char *)task->workspace + s.sums);
    for (int32_t pixel = begin * w->out_w, last = end * w->out_w, count; pixel < last; pixel += count) {
        count = mn_min_i32(s.pixels, last - pixel);
        const int8_t *rows = mn_arm_read_span(&s.in, task->inputs[0], pixel, count, task->workspace);
        if (zeros.weight) mn_arm_sum_rows(rows, s.in.depth, products, count, sums);
        for (int32_t i = 0; i < panels.count; i++) {
            const job j = {.tile = {.in = rows,
                                    .step = s.in.depth,
                                    .depth = mn_groups_of(products, STEP) * STEP,
                                    .panel = mn_arm_panel_at(&panels, task->packed, i),
                                    .finish = mn_arm_finish_of(&zeros),
                                    .weight_zero = zeros.weight,
                                    .sums = sums},
                           .out_c = w->out_c,
                           .count = mn_min_i32(MN_ARM_LANES, w->out_c - i * MN_ARM_LANES),
                           .out = (uint8_t *)task->output + (ptrdiff_t)pixel * w->out_c + i * MN_ARM_LANES};
            run_panel(&j, count);
        }
    }
}

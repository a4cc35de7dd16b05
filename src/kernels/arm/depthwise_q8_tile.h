/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 depthwise 3x3 convolution: of 16 channels after another the rows under the filter are copied to a ring
 * of rows of cells (taps_q8.h), padding included. The including file has run_lines(), one of taps_q8.h; it gets
 * depthwise_need() and depthwise(). */
#include "base/checked.h"
#include "kernels/arm/taps_q8.h"

enum { LANES = MN_ARM_LANES, FILTER = MN_ARM_FILTER };

static bool depthwise_need(const void *params, mn_kernel_need *need) {
    const mn_conv_params *p = params;
    if (!mn_arm_taps_fit(p)) return false;
    need->packed_bytes = mn_arm_taps_bytes(p->window.out_c);
    need->workspace_bytes = mn_arm_ring_of(&p->window).bytes;
    return true;
}

/* ---- Running -------------------------------------------------------------------------------------------- */

/* 16 channels of one image. */
typedef struct block {
    const mn_window *w;
    mn_arm_zeros zeros;
    const uint8_t *in; /* its first channel */
    int32_t count;     /* channels that exist */
    mn_arm_ring ring;
    int8_t *cells;
} block;

/* Rows of the ring are those of the input, counted from the first of the padding. */
static int8_t *row_of(const block *b, int32_t row) {
    return b->cells + (size_t)(row % b->ring.rows) * b->ring.row_bytes;
}

static void fill_row(const block *b, int32_t row) {
    const mn_window *w = b->w;
    const int32_t y = row - w->pad_top, cells = mn_arm_cells(w);
    int8_t *to = row_of(b, row);
    if (y < 0 || y >= w->in_h) {
        mn_arm_cells_fill(to, cells, b->zeros.in);
        return;
    }
    const int32_t before = mn_min_i32(w->pad_left, cells), inside = mn_clamp_i32(cells - before, 0, w->in_w);
    const uint8_t *from = b->in + (ptrdiff_t)y * w->in_w * w->in_c;
    mn_arm_cells_fill(to, before, b->zeros.in);
    to += (ptrdiff_t)before * LANES;
    if (b->count == LANES) {
        for (int32_t x = 0; x < inside; x++, from += w->in_c, to += LANES) {
            const uint8x16_t cell = veorq_u8(vld1q_u8(from), vdupq_n_u8(b->zeros.flip));
            vst1q_s8(to, vreinterpretq_s8_u8(cell));
        }
    } else {
        for (int32_t x = 0; x < inside; x++, from += w->in_c, to += LANES) {
            for (int32_t c = 0; c < LANES; c++) to[c] = c < b->count ? (int8_t)(from[c] ^ b->zeros.flip) : 0;
        }
    }
    mn_arm_cells_fill(to, cells - before - inside, b->zeros.in);
}

/* Rows [first, last) of one image. */
static void run_block(const block *b, mn_arm_lines *l, int32_t first, int32_t last, uint8_t *out) {
    const mn_window *w = b->w;
    for (int32_t y = first, filled = first * w->stride_h; y < last; y += l->lines) {
        const int32_t row = y * w->stride_h;
        l->lines = mn_min_i32(b->ring.lines, last - y);
        const int32_t end = row + (l->lines - 1) * w->stride_h + FILTER;
        for (filled = mn_max_i32(filled, row); filled < end; filled++) fill_row(b, filled);
        for (int32_t r = row; r < end; r++) l->rows[r - row] = row_of(b, r);
        l->out = out + y * l->out_row;
        run_lines(l);
    }
}

static void depthwise(const mn_task *task, mn_type type, int32_t begin, int32_t end) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    const mn_arm_zeros zeros = mn_arm_zeros_of(p, type);
    for (int32_t unit = begin, next; unit < end; unit = next) {
        const int32_t batch = unit / w->out_h;
        next = mn_min_i32(end, (batch + 1) * w->out_h);
        const uint8_t *in = (const uint8_t *)task->inputs[0] + (ptrdiff_t)batch * w->in_h * w->in_w * w->in_c;
        uint8_t *out = (uint8_t *)task->output + (ptrdiff_t)batch * w->out_h * w->out_w * w->out_c;
        for (int32_t c = 0; c < w->out_c; c += LANES) {
            const block b = {.w = w,
                             .zeros = zeros,
                             .in = in + c,
                             .count = mn_min_i32(LANES, w->out_c - c),
                             .ring = mn_arm_ring_of(w),
                             .cells = task->workspace};
            mn_arm_lines lines = {.width = w->out_w,
                                  .stride = w->stride_w,
                                  .taps = (const mn_arm_taps *)task->packed + c / LANES,
                                  .finish = mn_arm_finish_of(&zeros),
                                  .out_row = (ptrdiff_t)w->out_w * w->out_c,
                                  .out_step = w->out_c,
                                  .half_step = MN_ARM_HALF,
                                  .count = b.count,
                                  .stored = b.count};
            run_block(&b, &lines, unit - batch * w->out_h, next - batch * w->out_h, out + c);
        }
    }
}

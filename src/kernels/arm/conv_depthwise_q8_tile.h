/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A convolution and the depthwise 3x3 convolution behind it, int8 and uint8: of up to 32 channels after another, rows
 * of the convolution become rows of cells (taps_q8.h) in a ring that stays in the nearest cache. Included behind one of
 * the products_*.h, with run_lines(), one of taps_q8.h; gives conv_depthwise_need(), conv_depthwise_pack(),
 * conv_depthwise_cut() and conv_depthwise_run().
 */
#include "base/checked.h"
#include "kernels/arm/layouts.h"
#include "kernels/arm/span_q8.h"
#include "kernels/arm/taps_q8.h"
#include "kernels/arm/tile_q8.h"
#include "kernels/portable/window.h"
#include "kernels/tile/cut.h"

/* Of a unit: channels, and vectors of them. */
enum { UNIT = 32, LANES = MN_ARM_LANES, VECTORS = 2, FILTER = MN_ARM_FILTER };

/* Packed: panels, then taps. Workspace: a ring for each vector of a unit, then one row of pixels as they are
 * multiplied, then their sums. */
typedef struct sizes {
    mn_arm_panels panels;
    size_t taps_at;
    mn_extent out;
    mn_arm_ring ring;
    size_t rings_bytes, pixels_bytes, sums_bytes;
    int32_t products, depth;
} sizes;

static sizes sizes_of(const mn_conv_depthwise_params *p) {
    const mn_window *w = &p->conv.window, *d = &p->depthwise.window;
    sizes s = {.products = (int32_t)mn_window_depth(w), .depth = mn_gather_depth(w)};
    s.panels = mn_arm_panels_of(w->out_c, s.products, GROUP);
    s.taps_at = mn_round_up(s.panels.bytes, 64);
    s.out = mn_extent_of(mn_layout_arm_q8(BLOCK), d->out_h, d->out_w, d->out_c);
    s.ring = mn_arm_ring_of(d);
    s.rings_bytes = mn_round_up(s.ring.bytes * VECTORS, 64);
    s.pixels_bytes = mn_round_up((size_t)w->out_w * (size_t)s.depth, 64);
    s.sums_bytes = (size_t)w->out_w * sizeof(int32_t);
    return s;
}

static bool conv_depthwise_need(const void *params, mn_kernel_need *need) {
    const mn_conv_depthwise_params *p = params;
    const mn_window *w = &p->conv.window;
    if (p->conv.groups != 1 || mn_window_depth(w) > MN_ARM_MAX_DEPTH || !mn_arm_fits(&p->conv)) return false;
    if (!mn_arm_taps_fit(&p->depthwise)) return false;
    const sizes s = sizes_of(p);
    need->packed_bytes = s.taps_at + mn_arm_taps_bytes(w->out_c);
    need->workspace_bytes = s.rings_bytes + s.pixels_bytes + s.sums_bytes;
    return true;
}

static void conv_depthwise_layouts(const void *params, mn_layout *in, mn_layout *out) {
    (void)params, (void)in;
    *out = mn_layout_arm_q8(BLOCK);
}

static void conv_depthwise_cut(const void *params, int32_t threads, mn_cut *cut) {
    const mn_conv_depthwise_params *p = params;
    const mn_window *d = &p->depthwise.window;
    const mn_extent units = mn_extent_of(mn_layout_arm_q8(UNIT), d->out_h, d->out_w, d->out_c);
    mn_cut_conv_depthwise(d, &units, threads, cut);
}

static void conv_depthwise_pack(const mn_conv_depthwise_params *p, mn_type type, const void *const *constants,
                                void *packed) {
    const sizes s = sizes_of(p);
    void *taps = (char *)packed + s.taps_at;
    mn_arm_panels_pack(&p->conv, type, constants, s.products, GROUP, packed);
    mn_arm_taps_pack(&p->depthwise, type, constants[3], constants[4], taps);
}

/* ---- Running -------------------------------------------------------------------------------------------- */

/* `count` pixels into cells. */
typedef void row_run(const tile *row, int32_t count, int8_t *cells);

/* One band of one unit's channels of one image. */
typedef struct band {
    const mn_task *task;
    const mn_conv_depthwise_params *p;
    sizes s;
    mn_arm_zeros conv;
    mn_arm_span pixels; /* of the convolution */
    int32_t batch, vectors;
    int32_t filled; /* rows of the convolution, counted from the first of the padding, that are in the ring or were */
    int32_t before, inside; /* cells of a row that are padding on the left, and pixels */
    tile tile;
    mn_arm_panel panels[VECTORS];
    row_run *run[VECTORS];
    int8_t *rings;
} band;

static int8_t *row_of(const band *b, int32_t vector, int32_t row) {
    const mn_arm_ring *ring = &b->s.ring;
    return b->rings + (size_t)vector * ring->bytes + (size_t)(row % ring->rows) * ring->row_bytes;
}

/* Row `y` of the convolution's pixels as signed bytes. */
static void take_pixels(const band *b, int32_t y, tile *t) {
    const mn_window *w = &b->p->conv.window;
    const ptrdiff_t pixel = ((ptrdiff_t)b->batch * w->out_h + y) * w->out_w;
    uint8_t *copy = (uint8_t *)b->rings + b->s.rings_bytes;
    int32_t *sums = (int32_t *)(void *)(copy + b->s.pixels_bytes);
    t->in = mn_arm_read_span(&b->pixels, b->task->inputs[0], pixel, w->out_w, copy);
    if (t->weight_zero == 0) return;
    mn_arm_sum_rows(t->in, b->s.depth, b->s.products, w->out_w, sums);
    t->sums = sums;
}

Q8_TARGET Q8_INLINE void run_cells(int rows, mn_arm_ending ending, const tile *t, int8_t *cells) {
    int8x16_t bytes[ROWS];
    run_tile(rows, MN_ARM_VECTORS, false, ending, t, bytes);
    Q8_UNROLL for (int r = 0; r < rows; r++) vst1q_s8(cells + r * LANES, bytes[r]);
}

#define RUN_CELLS(rows) run_cells(rows, ending, &t, cells)

/* `count` pixels into cells. */
Q8_TARGET Q8_INLINE void run_row(mn_arm_ending ending, const tile *row, int32_t count, int8_t *cells) {
    tile t = *row;
    int32_t left = count;
    for (; left >= 2 * ROWS || left == ROWS; left -= ROWS, cells += ROWS * LANES) {
        RUN_CELLS(ROWS);
        advance_tile(&t, ROWS);
    }
    for (int32_t rows; left > 0; left -= rows, cells += rows * LANES) {
        rows = next_rows(left);
        EACH_ROWS(rows, RUN_CELLS)
        advance_tile(&t, rows);
    }
}

Q8_TARGET static void run_row_unsigned(const tile *row, int32_t count, int8_t *cells) {
    run_row(MN_ARM_UNSIGNED, row, count, cells);
}

Q8_TARGET static void run_row_any(const tile *row, int32_t count, int8_t *cells) {
    run_row(MN_ARM_ANY, row, count, cells);
}

/* The next row of the convolution, or of padding above or below it, into the ring. */
static void fill_row(band *b) {
    const mn_window *w = &b->p->conv.window, *d = &b->p->depthwise.window;
    const int32_t row = b->filled++, y = row - d->pad_top;
    const bool exists = y >= 0 && y < w->out_h;
    if (exists) take_pixels(b, y, &b->tile);
    for (int32_t v = 0; v < b->vectors; v++) {
        int8_t *to = row_of(b, v, row);
        if (exists) {
            b->tile.panel = b->panels[v];
            b->run[v](&b->tile, b->inside, to + (ptrdiff_t)b->before * LANES);
        } else {
            mn_arm_cells_fill(to, mn_arm_cells(d), b->conv.out);
        }
    }
}

/* Cells of padding beside the rows, which stay. */
static void fill_sides(band *b) {
    const int32_t end = b->before + b->inside, behind = mn_arm_cells(&b->p->depthwise.window) - end;
    for (int32_t row = 0; row < b->vectors * b->s.ring.rows; row++) {
        int8_t *cells = b->rings + (size_t)row * b->s.ring.row_bytes;
        mn_arm_cells_fill(cells, b->before, b->conv.out);
        mn_arm_cells_fill(cells + (ptrdiff_t)end * LANES, behind, b->conv.out);
    }
}

/* Channels of a block that do not exist, a vector's, in some pixels. */
static void clear_vector(uint8_t *out, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) vst1q_u8(out + i * BLOCK, vdupq_n_u8(0));
}

/* Rows from `y` on of what the depthwise convolution gives, of the 16 channels from `first` on; but for how many, and
 * the rows that they read. */
static mn_arm_lines lines_of(const band *b, const mn_arm_zeros *zeros, int32_t first, int32_t y) {
    const mn_window *d = &b->p->depthwise.window;
    const mn_extent *e = &b->s.out;
    const mn_arm_taps *taps = (const mn_arm_taps *)(const void *)((const char *)b->task->packed + b->s.taps_at);
    const size_t at = (size_t)b->batch * mn_extent_image(e) + mn_extent_offset(e, first / BLOCK, y);
    const int32_t count = mn_min_i32(LANES, d->out_c - first);
    return (mn_arm_lines){.width = d->out_w,
                          .stride = d->stride_w,
                          .taps = taps + first / LANES,
                          .finish = mn_arm_finish_of(zeros),
                          .out = (uint8_t *)b->task->output + at + first % BLOCK,
                          .out_row = (ptrdiff_t)d->out_w * BLOCK,
                          .out_step = BLOCK,
                          .half_step = BLOCK / LANES > 1 ? MN_ARM_HALF : (ptrdiff_t)mn_extent_offset(e, 1, 0),
                          .count = count,
                          .stored = mn_min_i32(LANES, mn_groups_of(count, BLOCK) * BLOCK)};
}

/* Rows [first, last) of what the depthwise convolution gives, of the channels from `channel` on. */
static void run_band(band *b, const mn_arm_zeros *zeros, int32_t channel, int32_t first, int32_t last) {
    const int32_t stride = b->p->depthwise.window.stride_h;
    mn_arm_lines all[VECTORS];
    for (int32_t v = 0; v < b->vectors; v++) all[v] = lines_of(b, zeros, channel + v * LANES, first);
    fill_sides(b);
    b->filled = first * stride;
    for (int32_t y = first, lines; y < last; y += lines) {
        lines = mn_min_i32(b->s.ring.lines, last - y);
        const int32_t row = y * stride, end = row + (lines - 1) * stride + FILTER;
        while (b->filled < end) fill_row(b);
        for (int32_t v = 0; v < b->vectors; v++) {
            mn_arm_lines *l = &all[v];
            l->lines = lines;
            for (int32_t r = row; r < end; r++) l->rows[r - row] = row_of(b, v, r);
            run_lines(l);
            if (BLOCK / LANES > 1 && b->vectors < VECTORS) clear_vector(l->out + LANES, (ptrdiff_t)l->width * lines);
            l->out += lines * l->out_row;
        }
    }
}

static band band_of(const mn_task *task, mn_type in, mn_type type) {
    const mn_conv_depthwise_params *p = task->params;
    band b = {
        .task = task, .p = p, .s = sizes_of(p), .conv = mn_arm_zeros_of(&p->conv, type), .rings = task->workspace};
    const uint8_t flip = in == MN_UINT8 ? 0x80 : 0;
    b.pixels = mn_arm_span_of(&p->conv.window, b.conv.in ^ flip, flip);
    b.before = mn_min_i32(p->depthwise.window.pad_left, mn_arm_cells(&p->depthwise.window));
    b.inside = mn_clamp_i32(mn_arm_cells(&p->depthwise.window) - b.before, 0, p->conv.window.out_w);
    b.tile = (tile){.step = b.s.depth,
                    .depth = mn_groups_of(b.s.products, STEP) * STEP,
                    .finish = mn_arm_finish_of(&b.conv),
                    .weight_zero = b.conv.weight};
    return b;
}

static void conv_depthwise_run(const mn_task *task, mn_type in, mn_type type, int32_t begin, int32_t end) {
    band b = band_of(task, in, type);
    const mn_arm_zeros zeros = mn_arm_zeros_of(&b.p->depthwise, type);
    const int32_t bands = task->cut->bands, units = mn_groups_of(b.p->conv.window.out_c, UNIT), rows = b.s.out.rows;
    for (int32_t unit = begin; unit < end; unit++) {
        const int32_t first = unit % units * VECTORS, part = unit / units % bands;
        b.batch = unit / units / bands;
        b.vectors = mn_min_i32(VECTORS, mn_groups_of(b.p->conv.window.out_c, LANES) - first);
        for (int32_t v = 0; v < b.vectors; v++) {
            b.tile.panel = b.panels[v] = mn_arm_panel_at(&b.s.panels, task->packed, first + v);
            b.run[v] = ending_of(&b.tile, MN_ARM_UNSIGNED) == MN_ARM_UNSIGNED ? run_row_unsigned : run_row_any;
        }
        run_band(&b, &zeros, first * LANES, (int32_t)((int64_t)rows * part / bands),
                 (int32_t)((int64_t)rows * (part + 1) / bands));
    }
}

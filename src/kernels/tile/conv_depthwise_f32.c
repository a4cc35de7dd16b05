/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A float convolution and the depthwise 3x3 convolution behind it. For one block of channels after another, rows of the
 * convolution go into a ring that the caches hold, and from there through the filter; wide images are cut into
 * strips of columns for that. */
#include "base/checked.h"
#include "kernels/portable/window.h"
#include "kernels/tile/cut.h"
#include "kernels/tile/layouts.h"
#include "kernels/tile/parts_f32.h"

/* A quarter of the smallest second cache. A ring in the nearest one, of 24 KB, cuts images into more strips, which
 * costs more (a sixth of the stem's time) than loads from the second. */
enum { RING_BYTES = 64 * 1024 };

/* Rings that the nearest cache holds. */
enum { NEAR_BYTES = 32 * 1024 };

/* Pixels of a pointwise convolution that fill tiles, so that weights are fetched once for many; rows of low images
 * come several at a time for that. */
enum { PIXELS = 48 };

enum { TAPS = 3 };

/* How the columns of the output are cut, and the ring that this takes. */
typedef struct sizes {
    mn_extent out;
    int32_t rows;    /* most rows of the convolution to compute at once */
    int32_t slots;   /* rows in the ring: those under the filter, and `rows` - 1 that come with the last of them */
    int32_t strips;  /* of columns */
    int32_t columns; /* most columns of the convolution that a strip meets */
} sizes;

/* Do the windows meet whole rows? */
static bool meets_last_column(const mn_window *d) {
    return (d->out_w - 1) * d->stride_w - d->pad_left + TAPS >= d->in_w;
}

/* Rows of `row_bytes` that give a pointwise convolution PIXELS at once, if the ring has room for them. */
static int32_t rows_together(const mn_window *d, int32_t slots, int32_t row_bytes) {
    const int32_t more = mn_min_i32((PIXELS - 1) / d->in_w, RING_BYTES / row_bytes - slots);
    return 1 + mn_max_i32(0, more);
}

static sizes sizes_of(const mn_conv_depthwise_params *p) {
    const mn_window *d = &p->depthwise.window;
    sizes l = {.out = mn_extent_of(mn_layout_f32(d->out_c), d->out_h, d->out_w, d->out_c),
               .rows = 1,
               .slots = d->stride_h == 1 ? MN_STRIP_INPUTS : TAPS,
               .strips = 1,
               .columns = d->in_w};
    const int32_t most = RING_BYTES / (l.slots * l.out.layout.block * (int32_t)sizeof(float));
    if (d->in_w > most) {
        const int32_t width = (most - TAPS) / d->stride_w + 1;
        l.strips = (d->out_w - 1) / width + 1;
        l.columns = ((d->out_w - 1) / l.strips) * d->stride_w + TAPS;
    } else if (mn_window_is_pointwise(&p->conv.window) && meets_last_column(d)) {
        l.rows = rows_together(d, l.slots, d->in_w * l.out.layout.block * (int32_t)sizeof(float));
        l.slots += l.rows - 1;
    }
    return l;
}

static size_t ring_bytes(const sizes *l) {
    return (size_t)l->slots * (size_t)l->columns * (size_t)l->out.layout.block * sizeof(float);
}

bool mn_conv_depthwise_f32_need(const void *params, mn_kernel_need *need) {
    const mn_conv_depthwise_params *p = params;
    if (!mn_conv_f32_portable_need(&p->conv, need) || !mn_strip_f32_fits(&p->depthwise.window)) return false;
    const sizes l = sizes_of(p);
    need->workspace_bytes = ring_bytes(&l);
    return true;
}

void mn_conv_depthwise_f32_layouts(const void *params, mn_layout *in, mn_layout *out) {
    (void)in;
    *out = mn_layout_f32(((const mn_conv_depthwise_params *)params)->depthwise.window.out_c);
}

void mn_conv_depthwise_f32_cut(const void *params, int32_t threads, mn_cut *cut) {
    const mn_window *d = &((const mn_conv_depthwise_params *)params)->depthwise.window;
    const mn_extent blocks = mn_extent_of(mn_layout_f32(d->out_c), d->out_h, d->out_w, d->out_c);
    mn_cut_conv_depthwise(d, &blocks, threads, cut);
}

/* Some rows of one block of one image, and of these one strip of columns at a time. */
typedef struct band {
    const mn_conv_depthwise_params *p;
    const mn_parts_f32 *tier;
    const mn_task *task;
    sizes l;
    int32_t batch, block;
    int32_t first, last;             /* output rows [first, last) */
    int32_t left, right;             /* output columns [left, right) */
    int32_t first_column, columns;   /* of the convolution under them */
    int32_t first_channel, channels; /* of the block that exist */
} band;

static float *slot_of(const band *b, int32_t row) {
    return (float *)b->task->workspace + (ptrdiff_t)(row % b->l.slots) * b->l.columns * b->l.out.layout.block;
}

/* Rows [row, row + rows) of the convolution into their slots: more than one only where they follow each other in the
 * input and in the ring. */
static void convolve(const band *b, int32_t row, int32_t rows) {
    const mn_conv_params *p = &b->p->conv;
    const mn_window *w = &p->window;
    const float *bias = b->task->inputs[2];
    const int32_t unit = b->batch * w->out_h + row, end = b->first_column + b->columns;
    mn_tiles t = {.in_stride = (ptrdiff_t)w->stride_w * w->in_c,
                  .panel_stride = (ptrdiff_t)mn_window_depth(w) * MN_PANEL,
                  .bias = bias == NULL ? NULL : bias + b->first_channel,
                  .range = p->range_f32,
                  .out = slot_of(b, row),
                  .out_stride = b->l.out.layout.block,
                  .channels = b->channels,
                  .whole = true};
    const float *panels = (const float *)b->task->packed + b->first_channel / MN_PANEL * t.panel_stride;
    for (int32_t x = b->first_column; x < end; x += t.pixels, t.out += t.pixels * t.out_stride) {
        const mn_stretch s = mn_conv_stretch(w, 0, unit, x, end);
        t.in = (const float *)b->task->inputs[0] + s.in;
        t.weights = panels + s.k * MN_PANEL;
        t.runs = s.runs;
        t.last = s.runs.length;
        t.pixels = s.count * rows;
        b->tier->tiles(&t);
    }
}

/* How many rows from `row` on to compute at once when those from `first` on are needed, and none from `end` on. */
static int32_t rows_at_once(const band *b, int32_t row, int32_t first, int32_t end) {
    if (b->l.rows == 1) return 1;
    const int32_t free = b->l.slots - (row - mn_max_i32(first, 0)), together = b->l.slots - row % b->l.slots;
    return mn_min_i32(mn_min_i32(free, together), end - row);
}

/* One or more output rows from the ring, a vector of channels at a time. */
static void filter(const band *b, int32_t row, int32_t rows) {
    const mn_conv_params *p = &b->p->depthwise;
    const mn_window *w = &p->window;
    const float *weights = b->task->inputs[3], *bias = b->task->inputs[4];
    const ptrdiff_t block = (ptrdiff_t)b->batch * b->l.out.blocks + b->block;
    float *out = (float *)b->task->output + block * (ptrdiff_t)mn_extent_offset(&b->l.out, 1, 0) +
                 ((ptrdiff_t)row * w->out_w + b->left) * b->l.out.layout.block;
    mn_strip s = {.columns = b->columns,
                  .padded = b->left == 0 && w->pad_left == 1,
                  .tap_stride = w->out_c,
                  .range = p->range_f32,
                  .out_stride = b->l.out.layout.block,
                  .out_row = (ptrdiff_t)w->out_w * b->l.out.layout.block,
                  .out_lanes = b->tier->lanes,
                  .width = b->right - b->left,
                  .rows = rows,
                  .stride = w->stride_h};
    for (int32_t c = 0; c < b->l.out.layout.block; c += b->tier->lanes) {
        for (int32_t i = 0; i < (rows - 1) * w->stride_h + TAPS; i++) {
            const int32_t y = row * w->stride_h - w->pad_top + i;
            mn_strip_f32_row(&s, i, y >= 0 && y < w->in_h ? slot_of(b, y) + c : NULL, b->l.out.layout.block);
        }
        s.lanes = mn_clamp_i32(b->channels - c, 0, b->tier->lanes);
        s.weights = weights + b->first_channel + c;
        s.bias = bias == NULL ? NULL : bias + b->first_channel + c;
        s.out = out + c;
        b->tier->strip(&s);
    }
}

static void run_strip(band *b) {
    const mn_window *d = &b->p->depthwise.window;
    b->first_column = mn_max_i32(0, b->left * d->stride_w - d->pad_left);
    b->columns = mn_min_i32(d->in_w, (b->right - 1) * d->stride_w - d->pad_left + TAPS) - b->first_column;
    const int32_t end = mn_min_i32(d->in_h, (b->last - 1) * d->stride_h - d->pad_top + TAPS);
    const int32_t most = ring_bytes(&b->l) <= NEAR_BYTES ? b->tier->near_rows : b->tier->far_rows;
    int32_t next = mn_max_i32(0, b->first * d->stride_h - d->pad_top);
    for (int32_t row = b->first, rows; row < b->last; row += rows) {
        rows = mn_strip_f32_rows(d, row, b->last - row, most);
        const int32_t below = mn_min_i32(d->in_h, (row + rows - 1) * d->stride_h - d->pad_top + TAPS);
        for (int32_t count; next < below; next += count) {
            count = rows_at_once(b, next, row * d->stride_h - d->pad_top, end);
            convolve(b, next, count);
        }
        filter(b, row, rows);
    }
}

void mn_conv_depthwise_f32_run(const mn_parts_f32 *tier, const mn_task *task, int32_t begin, int32_t end) {
    const mn_conv_depthwise_params *p = task->params;
    const mn_window *w = &p->depthwise.window;
    const int32_t bands = task->cut->bands;
    band b = {.p = p, .tier = tier, .task = task, .l = sizes_of(p)};
    for (int32_t unit = begin; unit < end; unit++) {
        const int64_t index = unit / b.l.out.blocks % bands;
        b.first = (int32_t)(w->out_h * index / bands);
        b.last = (int32_t)(w->out_h * (index + 1) / bands);
        b.batch = unit / b.l.out.blocks / bands;
        b.block = unit % b.l.out.blocks;
        b.first_channel = b.block * b.l.out.layout.block;
        b.channels = mn_min_i32(b.l.out.layout.block, w->out_c - b.first_channel);
        for (int32_t i = 0; i < b.l.strips; i++) {
            b.left = (int32_t)((int64_t)w->out_w * i / b.l.strips);
            b.right = (int32_t)((int64_t)w->out_w * (i + 1) / b.l.strips);
            run_strip(&b);
        }
    }
}

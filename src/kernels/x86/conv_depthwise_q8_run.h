/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How a convolution and the depthwise convolution behind it run, for vectors of any width: bands, blocks, the ring. The
 * including file has inputs_of(), how rows of what is copied are multiplied, and prepare_copy(), which makes it so;
 * conv_rows(), which computes a group of rows into the ring; run_strip(), which takes a vector's rows from there
 * through the depthwise filter; and output_layout(). It gets run(). */
#include "base/checked.h"

static size_t slot_bytes(const band *b, int32_t vectors) {
    return (size_t)(b->p->conv.window.out_w + 2) * (size_t)vectors * 64;
}

/* Group `index` in the ring; its column 0 is padding. */
static uint8_t *slot_of(const band *b, int32_t vectors, int32_t index) {
    return b->ring + (size_t)(index % b->l.groups) * slot_bytes(b, vectors);
}

/* Copies what conv rows [first, last) meet. */
static void copy_rows(band *b, int32_t first, int32_t last) {
    b->first_copied = first, b->last_copied = last;
    mn_conv_depthwise_q8_copy(b);
    prepare_copy(b);
}

/* Conv rows 4 * index - padding to the third after that. */
static void fill_group(band *b, const channel_block *block, const block_extras *extras, int32_t vectors, int32_t index,
                       fetch *prefetch) {
    const mn_window *w = &b->p->conv.window;
    const int32_t top = index * GROUP - b->p->depthwise.window.pad_top;
    const int32_t first = mn_max_i32(top, b->first_row), last = mn_min_i32(top + GROUP, b->last_row);
    uint8_t *slot = slot_of(b, vectors, index);
    if (first >= last) {
        mn_conv_depthwise_q8_fill(slot, slot_bytes(b, vectors), b->depthwise.in);
        return;
    }
    if (b->l.late) copy_rows(b, first, last);
    const int32_t row = first - b->first_copied, rows = last - first;
    group g = {.block = block,
               .extras = extras,
               .rows = rows,
               .vectors = vectors,
               .adjusts = b->conv.weight != 0,
               .in = inputs_of(b, index, row),
               .sums = b->sums + (ptrdiff_t)row * w->out_w,
               .sums_stride = w->out_w,
               .weight_zero = b->conv.weight,
               .range = b->conv.range,
               .out = slot + vectors * 64,
               .shift = (first - top) * 8,
               .padding = (uint8_t)b->depthwise.in,
               .prefetch = *prefetch};
    if (prefetch->weights.from >= prefetch->weights.end) g.prefetch.each = 0;
    prefetch->weights.from += prefetch->each * (size_t)w->out_w;
    g.filled = (((UINT64_C(1) << rows) - 1) << (first - top)) * UINT64_C(0x1111111111111111);
    for (int32_t v = 0; v < vectors; v++) {
        g.general = g.general || block->conv_fixups[v] == GENERAL;
        g.adjusts = g.adjusts || block->conv_fixups[v] > 0;
    }
    conv_rows(&g, w->out_w);
}

/* Bytes of a vector whose row is below `rows` and whose channel is below `channels`. */
static uint64_t existing(int32_t rows, int32_t channels) {
    if (rows == GROUP && channels >= LANES) return UINT64_MAX;
    const uint64_t of_rows = (UINT64_C(1) << rows * 4) - 1;
    uint64_t bytes = 0;
    for (int32_t i = 0; i < LANES / 4; i++) {
        const int32_t left = mn_min_i32(mn_max_i32(channels - 4 * i, 0), 4);
        bytes |= (of_rows & ((UINT64_C(1) << left) - 1) * 0x1111) << (16 * i);
    }
    return bytes;
}

/* Group of rows `row` of the output's `image`, from vector `first` on. */
static void depthwise_row(const band *b, const channel_block *block, const block_extras *extras, int32_t first,
                          int32_t vectors, int32_t row, uint8_t *image) {
    const mn_window *w = &b->p->depthwise.window;
    const int32_t stride = w->stride_h, left = 1 - w->pad_left;
    mn_extent e = b->stored;
    e.layout = output_layout(); /* constants, by which compilers divide without dividing */
    strip s = {.column = (ptrdiff_t)vectors * 64,
               .width = w->out_w,
               .range = b->depthwise.range,
               .rows = mn_min_i32(w->out_h - row * MN_Q8_ROWS, MN_Q8_ROWS)};
    for (int32_t i = 0; i <= stride; i++) {
        s.group[i] = slot_of(b, vectors, row * stride + i) + (ptrdiff_t)left * vectors * 64;
    }
    for (int32_t v = 0; v < vectors; v++) {
        s.taps = &block->taps[v];
        s.requant = &extras->depthwise[v];
        s.fixups = block->depthwise_fixups[v];
        s.rest = block->has_rest[v] ? extras->rest[v] : NULL;
        s.exists = existing(s.rows, w->out_c - (first + v) * LANES);
        s.out = image + mn_extent_at(&e, row * MN_Q8_ROWS, 0, (first + v) * LANES);
        s.out_stride =
            (ptrdiff_t)mn_extent_vector(&e) * mn_extent_block_vectors(&e, (first + v) * LANES / e.layout.block);
        s.out_row = e.width * s.out_stride;
        run_strip(&s, stride);
        for (int32_t i = 0; i <= stride; i++) s.group[i] += 64;
    }
}

/* ---- Running -------------------------------------------------------------------------------------------- */

static void run_block(band *b, const mn_task *task, int32_t batch, int32_t index) {
    const char *packed = task->packed;
    const channel_block *block = (const channel_block *)(const void *)(packed + (size_t)index * b->l.block_bytes);
    const block_extras *more = (const block_extras *)(const void *)(packed + b->l.extras_at) + index;
    const mn_window *d = &b->p->depthwise.window;
    const int32_t vectors = mn_extent_block_vectors(&b->l.out, index), width = b->p->conv.window.out_w;
    for (int32_t i = 0; i < b->l.groups; i++) {
        mn_conv_depthwise_q8_fill(slot_of(b, vectors, i), (size_t)vectors * 64, b->depthwise.in);
        mn_conv_depthwise_q8_fill(slot_of(b, vectors, i) + (ptrdiff_t)(width + 1) * vectors * 64, (size_t)vectors * 64,
                                  b->depthwise.in);
    }
    const char *following = (const char *)block + b->l.block_bytes;
    mn_q8_prefetch weights = {following, following + b->l.block_bytes};
    if (index + 1 == b->l.out.blocks) weights = mn_q8_prefetch_of(task, MN_Q8_PREFETCH_MAX);
    const size_t columns = (size_t)(b->last_row - b->first_row + GROUP - 1) / GROUP * (size_t)width;
    fetch prefetch = {weights, mn_round_up((size_t)(weights.end - weights.from) / columns, 64)};
    uint8_t *image = (uint8_t *)task->output + (size_t)batch * mn_extent_image(&b->stored);
    int32_t next = b->first_group * d->stride_h;
    for (int32_t row = b->first_group; row < b->last_group; row++) {
        for (; next <= (row + 1) * d->stride_h; next++) fill_group(b, block, more, vectors, next, &prefetch);
        depthwise_row(b, block, more, index * VECTORS, vectors, row, image);
    }
}

static void start_band(band *b, int32_t index) {
    const mn_window *d = &b->p->depthwise.window;
    b->first_group = (int32_t)((int64_t)b->l.out.rows * index / b->bands);
    b->last_group = (int32_t)((int64_t)b->l.out.rows * (index + 1) / b->bands);
    b->first_row = mn_max_i32(0, b->first_group * MN_Q8_ROWS * d->stride_h - d->pad_top);
    b->last_row = mn_min_i32(d->in_h, (b->last_group * MN_Q8_ROWS - 1) * d->stride_h - d->pad_top + TAPS);
    b->first_copied = b->first_row, b->last_copied = b->last_row;
    mn_conv_depthwise_q8_start(b);
}

/* Copies the input of band `index`, unless it was copied for other blocks already. */
static void take_input(band *b, const mn_task *task, int32_t batch, int32_t index) {
    if (!mn_task_keeps(task, (int64_t)batch * b->bands + index)) copy_rows(b, b->first_row, b->last_row);
}

/* All units of one band of one image, so that its input is copied once. */
static void run(const mn_task *task, int32_t begin, int32_t end, mn_type in, mn_type type) {
    const mn_conv_depthwise_params *p = task->params;
    const mn_window *w = &p->conv.window, *d = &p->depthwise.window;
    band b = {.p = p,
              .bands = task->cut->bands,
              .l = mn_conv_depthwise_q8_sizes(p, task->cut->bands),
              .stored = mn_extent_of(output_layout(), d->out_h, d->out_w, d->out_c),
              .conv = mn_q8_zeros_of(&p->conv, type),
              .depthwise = mn_q8_zeros_of(&p->depthwise, type),
              .packed = task->packed,
              .copy = task->workspace};
    if (in == MN_UINT8) b.conv.in_flip = 0;
    b.rows = b.copy + b.l.copy_bytes;
    b.sums = (int32_t *)(void *)(b.rows + b.l.rows_bytes);
    b.ring = b.rows + b.l.rows_bytes + b.l.sums_bytes;
    const size_t image_bytes = (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c;
    const int32_t per_image = b.l.out.blocks * b.bands;
    for (int32_t batch = begin / per_image; batch * per_image < end; batch++) {
        b.image = (const uint8_t *)task->inputs[0] + (size_t)batch * image_bytes;
        for (int32_t i = 0; i < b.bands; i++) {
            bool copied = b.l.late;
            start_band(&b, i);
            for (int32_t block = 0; block < b.l.out.blocks; block++) {
                const int32_t unit = batch * per_image + i * b.l.out.blocks + block;
                if (unit < begin || unit >= end) continue;
                if (!copied) take_input(&b, task, batch, i);
                copied = true;
                run_block(&b, task, batch, block);
            }
        }
    }
}

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Panels: the layout of the tensor between MN_K_CONV_DEPTHWISE and MN_K_PROJECT, which no other operator sees.
 *
 * Values are unsigned bytes: stored ones, plus 128 if signed. A panel is the 16 channels of a vector at one column of
 * four rows, 64 bytes: [4 groups of channels][4 rows][4 channels]. So four bytes along the channels lie together for
 * dot products, and a depthwise kernel that computes four rows stores a panel as it is. Vectors are kept in blocks of
 * up to three, 48 channels: expansions by 6 of a multiple of 8 channels are a multiple of that.
 *
 * The whole is [batches][blocks][ceil(out_h / 4)][out_w][vectors of the block][64]. Bytes of rows and channels that
 * do not exist are 0. */
#ifndef MN_KERNELS_PANEL_H
#define MN_KERNELS_PANEL_H

#include "base/checked.h"
#include "kernels/params.h"

enum { MN_PANEL_ROWS = 4, MN_PANEL_CHANNELS = 16, MN_PANEL_BYTES = 64, MN_PANEL_BLOCK = 3 };

typedef struct mn_panels {
    int32_t vectors, blocks; /* of all channels */
    int32_t rows, width;     /* of panels */
} mn_panels;

static inline int32_t mn_panel_count(int32_t items, int32_t each) { return items / each + (items % each != 0); }

static inline mn_panels mn_panels_of(int32_t height, int32_t width, int32_t channels) {
    const int32_t vectors = mn_panel_count(channels, MN_PANEL_CHANNELS);
    return (mn_panels){vectors, mn_panel_count(vectors, MN_PANEL_BLOCK), mn_panel_count(height, MN_PANEL_ROWS), width};
}

/** Vectors of block `block`, 1 to 3. */
static inline int32_t mn_panel_block_vectors(const mn_panels *p, int32_t block) {
    return mn_min_i32(MN_PANEL_BLOCK, p->vectors - block * MN_PANEL_BLOCK);
}

/** Bytes of a row of panels of one vector. */
static inline size_t mn_panel_row_bytes(const mn_panels *p) { return (size_t)p->width * MN_PANEL_BYTES; }

/** Bytes of one image. */
static inline size_t mn_panel_image_bytes(const mn_panels *p) {
    return (size_t)p->vectors * (size_t)p->rows * mn_panel_row_bytes(p);
}

/** Bytes before row `row` of panels in block `block` of image `batch`. */
static inline size_t mn_panel_offset(const mn_panels *p, int32_t batch, int32_t block, int32_t row) {
    const size_t before = (size_t)block * MN_PANEL_BLOCK * (size_t)p->rows;
    const size_t here = (size_t)mn_panel_block_vectors(p, block) * (size_t)row;
    return (size_t)batch * mn_panel_image_bytes(p) + (before + here) * mn_panel_row_bytes(p);
}

/** Units of a MN_K_PROJECT. */
static inline int32_t mn_project_units(const mn_project_params *p) {
    const mn_window *w = &p->conv.window;
    return w->batches * mn_panel_count(w->out_c, p->unit_channels) * mn_panel_count(w->out_h, p->unit_rows);
}

/** Rows and channels of one image, each [first, last). */
typedef struct mn_project_range {
    int32_t batch, first_row, last_row, first_channel, last_channel;
} mn_project_range;

/** What units from `*begin` on, and before `end`, have in common but their rows; moves `*begin` behind them. */
static inline mn_project_range mn_project_next(const mn_project_params *p, int32_t *begin, int32_t end) {
    const mn_window *w = &p->conv.window;
    const int32_t rows = mn_panel_count(w->out_h, p->unit_rows), parts = mn_panel_count(w->out_c, p->unit_channels);
    const int32_t part = *begin / rows % parts, first = *begin % rows, last = mn_min_i32(rows, first + end - *begin);
    const mn_project_range range = {
        .batch = *begin / (rows * parts),
        .first_row = first * p->unit_rows,
        .last_row = mn_min_i32(last * p->unit_rows, w->out_h),
        .first_channel = part * p->unit_channels,
        .last_channel = mn_min_i32((part + 1) * p->unit_channels, w->out_c),
    };
    *begin += last - first;
    return range;
}

#endif

/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How images lie in memory: four numbers, and from them the size and the place of every element. Kernels say which
 * layouts they read and write (mn_kernel_traits.layouts); tensors that the model's caller sees are always NHWC. */
#ifndef MN_KERNELS_LAYOUT_H
#define MN_KERNELS_LAYOUT_H

#include "base/checked.h"

/** An image is [blocks][groups of rows][width][vectors of the block][lanes / together][rows][together]: blocks of
 *  channels, each an image of its own; in it the channels of a pixel in vectors of `lanes`, with `rows` rows
 *  interleaved and `together` channels side by side. The last block has only the vectors it needs. Elements of rows and
 *  channels that do not exist are there, all bits 0. Images of a batch follow one another. All zero: NHWC. */
typedef struct mn_layout {
    int32_t block;    /* channels, a multiple of lanes */
    int32_t lanes;    /* channels, a multiple of together */
    int32_t rows;     /* rows side by side, so that one vector holds pixels of several */
    int32_t together; /* channels */
    bool biased;      /* int8 values are kept plus 128, as the unsigned bytes that dot products want */
} mn_layout;

static inline bool mn_layout_equal(mn_layout a, mn_layout b) {
    return a.block == b.block && a.lanes == b.lanes && a.rows == b.rows && a.together == b.together &&
           a.biased == b.biased;
}

static inline bool mn_layout_is_nhwc(mn_layout l) { return l.block == 0; }

/** An image of a given size in a layout. */
typedef struct mn_extent {
    mn_layout layout;        /* as it is used: of NHWC, one block and one vector of all channels */
    int32_t vectors, blocks; /* of all channels */
    int32_t per_block;       /* vectors of every block but the last */
    int32_t rows, width;     /* groups of rows; pixels of a row */
} mn_extent;

/** `items` in groups of `each`. */
static inline int32_t mn_groups_of(int32_t items, int32_t each) { return items / each + (items % each != 0); }

static inline mn_extent mn_extent_of(mn_layout layout, int32_t height, int32_t width, int32_t channels) {
    if (mn_layout_is_nhwc(layout))
        layout = (mn_layout){.block = channels, .lanes = channels, .rows = 1, .together = channels};
    return (mn_extent){.layout = layout,
                       .vectors = mn_groups_of(channels, layout.lanes),
                       .blocks = mn_groups_of(channels, layout.block),
                       .per_block = layout.block / layout.lanes,
                       .rows = mn_groups_of(height, layout.rows),
                       .width = width};
}

/** Vectors of block `block`. */
static inline int32_t mn_extent_block_vectors(const mn_extent *e, int32_t block) {
    return mn_min_i32(e->per_block, e->vectors - block * e->per_block);
}

/** Elements of one vector of one group of rows: of a pixel, and of all pixels. */
static inline size_t mn_extent_vector(const mn_extent *e) { return (size_t)e->layout.lanes * (size_t)e->layout.rows; }
static inline size_t mn_extent_row(const mn_extent *e) { return (size_t)e->width * mn_extent_vector(e); }

/** Elements of one image. */
static inline size_t mn_extent_image(const mn_extent *e) {
    return (size_t)e->vectors * (size_t)e->rows * mn_extent_row(e);
}

/** Elements of an image before group of rows `row` of block `block`. */
static inline size_t mn_extent_offset(const mn_extent *e, int32_t block, int32_t row) {
    const size_t before = (size_t)block * (size_t)e->per_block * (size_t)e->rows;
    return (before + (size_t)mn_extent_block_vectors(e, block) * (size_t)row) * mn_extent_row(e);
}

/** Elements of an image before the one that stands for row `y`, column `x`, channel `c`. */
static inline size_t mn_extent_at(const mn_extent *e, int32_t y, int32_t x, int32_t c) {
    const mn_layout *l = &e->layout;
    const int32_t block = c / l->block, vector = c % l->block / l->lanes, lane = c % l->lanes;
    const size_t pixel = (size_t)x * (size_t)mn_extent_block_vectors(e, block) + (size_t)vector;
    const int32_t inside = (lane / l->together * l->rows + y % l->rows) * l->together + lane % l->together;
    return mn_extent_offset(e, block, y / l->rows) + pixel * mn_extent_vector(e) + (size_t)inside;
}

#endif

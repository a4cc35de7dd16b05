/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The layouts (kernels/layout.h) of the tensor between a fused convolution and depthwise convolution, and the
 * projection behind it. */
#ifndef MN_KERNELS_TILE_LAYOUTS_H
#define MN_KERNELS_TILE_LAYOUTS_H

#include "kernels/layout.h"

/* 8 bits: a vector is 16 channels at one column of four rows, 64 bytes. Four bytes along the channels lie
 * together for dot products, and a depthwise kernel that computes four rows stores a vector as it is. Blocks have up to
 * three vectors, 48 channels: expansions by 6 of a multiple of 8 channels are a multiple of that. */
enum { MN_Q8_ROWS = 4, MN_Q8_LANES = 16, MN_Q8_VECTOR_BYTES = 64, MN_Q8_BLOCK_VECTORS = 3 };

static inline mn_layout mn_layout_q8(void) {
    return (mn_layout){.block = MN_Q8_BLOCK_VECTORS * MN_Q8_LANES,
                       .lanes = MN_Q8_LANES,
                       .rows = MN_Q8_ROWS,
                       .together = 4,
                       .biased = true};
}

/* 8 bits, where tiles of rows of up to 64 bytes are multiplied: 64 channels of a pixel, then those of the next. */
enum { MN_Q8_PIXEL_BLOCK = 64 };

static inline mn_layout mn_layout_q8_pixels(void) {
    return (mn_layout){
        .block = MN_Q8_PIXEL_BLOCK, .lanes = MN_Q8_LANES, .rows = 1, .together = MN_Q8_LANES, .biased = true};
}

/* Floats: blocks of 16, 32 or 48 channels, all alike, so that one of some rows fits the nearest cache. */
enum { MN_BLOCK_LANES = 16, MN_BLOCK_VECTORS = 3 };

static inline mn_layout mn_layout_f32(int32_t channels) {
    const int32_t vectors = mn_groups_of(channels, MN_BLOCK_LANES), count = mn_groups_of(vectors, MN_BLOCK_VECTORS);
    const int32_t each = mn_groups_of(vectors, count) * MN_BLOCK_LANES;
    return (mn_layout){.block = each, .lanes = each, .rows = 1, .together = each};
}

#endif

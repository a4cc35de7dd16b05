/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Blocks: the layout of the float tensor between MN_K_CONV_DEPTHWISE and MN_K_PROJECT, which no other operator sees.
 * Channels are cut into blocks of 16, 32 or 48, so that one block of some rows fits the nearest cache.
 *
 * The whole is [batches][blocks][out_h][out_w][channels of a block]. Channels that do not exist are 0. */
#ifndef MN_KERNELS_BLOCKS_H
#define MN_KERNELS_BLOCKS_H

#include "base/checked.h"
#include "kernels/params.h"

enum { MN_BLOCK_LANES = 16, MN_BLOCK_VECTORS = 3 };

typedef struct mn_blocks {
    int32_t count, channels; /* blocks, and channels of each */
    ptrdiff_t size;          /* floats of one block of one image */
} mn_blocks;

static inline mn_blocks mn_blocks_of(int32_t height, int32_t width, int32_t channels) {
    const int32_t vectors = (channels - 1) / MN_BLOCK_LANES + 1, count = (vectors - 1) / MN_BLOCK_VECTORS + 1;
    const int32_t each = ((vectors - 1) / count + 1) * MN_BLOCK_LANES;
    return (mn_blocks){(channels - 1) / each + 1, each, (ptrdiff_t)height * width * each};
}

/** Bytes of one image. */
static inline size_t mn_blocks_bytes(const mn_blocks *b) { return (size_t)b->count * (size_t)b->size * sizeof(float); }

#endif

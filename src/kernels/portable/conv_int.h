/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Accumulators of a convolution, a tile of pixels at a time; what they become is the caller's. */
#ifndef MN_KERNELS_PORTABLE_CONV_INT_H
#define MN_KERNELS_PORTABLE_CONV_INT_H

#include "base/checked.h"
#include "kernels/portable/pack.h"

/** Pixels of one tile: 960 channels of int16 then take 30 KB, about a first-level cache. */
enum { MN_CONV_TILE = 16 };

/** Bytes of a tile: patches and accumulators. Aligned as int32_t. */
size_t mn_conv_tile_bytes(const mn_window *w);

/** Sums [out_c] of pixel `i` of a tile; mn_conv_tile_stride() int32_t from pixel to pixel. */
int32_t *mn_conv_tile_acc(const mn_window *w, void *tile, int32_t i);
static inline size_t mn_conv_tile_stride(const mn_window *w) { return mn_round_up((size_t)w->out_c, MN_BLOCK); }

/** The accumulators of pixels [pixel, pixel + count), counted from the first of the output, for `rows` packed by
 * mn_rows_pack(); `in` holds `ring` rows of the input (0: all), and `zero` is taken off the stored values. */
void mn_conv_tile(const mn_window *w, const uint8_t *in, int32_t ring, int32_t sign, int32_t zero, const int16_t *rows,
                  ptrdiff_t pixel, int32_t count, void *tile);

/** DEPTHWISE_CONV_2D: the accumulators of all channels at column `x` of row `unit`; int8 activations, weights widened
 * to int16.
 */
void mn_depthwise_i8_acc(const mn_window *w, const uint8_t *in, int32_t zero, const int16_t *weights, int32_t unit,
                         int32_t x, int32_t *acc);

/** Bytes of those weights; false where the depth multiplier is not 1 or there are too many. */
bool mn_depthwise_int_packed(const mn_window *w, size_t *bytes);

#endif

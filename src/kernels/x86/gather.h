/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Convolution inputs laid out for dot products of four bytes: one row of unsigned bytes per output pixel, filter rows,
 * filter columns and channels in the order of the weights, padded to a multiple of four with bytes that meet zero
 * weights. Cells outside the image hold the zero point, so that they add nothing. */
#ifndef MN_KERNELS_X86_GATHER_H
#define MN_KERNELS_X86_GATHER_H

#include "kernels/params.h"

/** Bytes of one gathered row: the products of one output, rounded up to four. */
int32_t mn_gather_depth(const mn_window *w);

/** Gathers `count` pixels, counted over all output rows, from pixel `first` on. `flip` is 0x80 for int8 and 0 for
 * uint8: stored bytes are XORed with it. `zero` is the zero point as such a byte. With a flip of 0 the padding is 0. */
void mn_gather(const mn_window *w, const uint8_t *in, uint8_t flip, uint8_t zero, int32_t first, int32_t count,
               uint8_t *rows);

#endif
